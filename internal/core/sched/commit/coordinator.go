package commit

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Answer is what an attempt is told that wants to commit.
type Answer uint8

// The answers.
const (
	Granted     Answer = iota + 1 // it may, and nobody else
	Held                          // another attempt may, or has done so
	Ended                         // the driver takes this attempt for ended
	NoStage                       // its stage is over
	NoPartition                   // the stage has no such partition
)

// String gives the answer in words.
func (a Answer) String() string {
	switch a {
	case Granted:
		return "granted"
	case Held:
		return "another attempt may commit"
	case Ended:
		return "this attempt has ended"
	case NoStage:
		return "the stage is over"
	case NoPartition:
		return "the stage has no such partition"
	}
	return fmt.Sprintf("answer %d", a)
}

// Coordinator is who may commit. It is not safe for concurrent use.
type Coordinator struct {
	stages map[ids.StageID]*stage // looked up, never ranged over
}

// stage is the partitions of one stage, over all its attempts.
type stage struct {
	holders []try              // by partition
	ended   map[ended]struct{} // those that never get the authority any more
}

// try is one attempt of a task, or nobody.
type try struct {
	stage ids.StageAttempt
	task  ids.TaskAttempt
}

type ended struct {
	partition int32
	try
}

// nobody has the authority.
var nobody = try{-1, -1}

// New gives a coordinator without stages.
func New() *Coordinator { return &Coordinator{stages: map[ids.StageID]*stage{}} }

// Open begins a stage with partitions from zero. Another attempt of a stage that is open finds it as it is.
func (c *Coordinator) Open(id ids.StageID, partitions int) {
	if c.stages[id] != nil {
		return
	}
	s := &stage{holders: make([]try, partitions), ended: map[ended]struct{}{}}
	for i := range s.holders {
		s.holders[i] = nobody
	}
	c.stages[id] = s
}

// Close ends a stage. Who asks later is denied.
func (c *Coordinator) Close(id ids.StageID) { delete(c.stages, id) }

// Stages is the number of stages that are open.
func (c *Coordinator) Stages() int { return len(c.stages) }

// Ask answers a task attempt that wants to commit.
func (c *Coordinator) Ask(ref ids.TaskRef) Answer {
	s := c.stages[ref.Stage]
	if s == nil {
		return NoStage
	}
	if ref.Partition < 0 || int(ref.Partition) >= len(s.holders) {
		return NoPartition
	}
	asks := try{ref.Attempt, ref.Try}
	if _, over := s.ended[ended{ref.Partition, asks}]; over {
		return Ended
	}
	switch holder := &s.holders[ref.Partition]; *holder {
	case asks:
	case nobody:
		*holder = asks
	default:
		return Held
	}
	return Granted
}

// Ended says how a task attempt ended. One that succeeded keeps the authority that it has: its output is there. One that was denied
// never had it.
func (c *Coordinator) Ended(ref ids.TaskRef, fate task.Fate) {
	s := c.stages[ref.Stage]
	if s == nil || ref.Partition < 0 || int(ref.Partition) >= len(s.holders) || fate == task.Success || fate == task.CommitDenied {
		return
	}
	who := try{ref.Attempt, ref.Try}
	s.ended[ended{ref.Partition, who}] = struct{}{}
	if s.holders[ref.Partition] == who {
		s.holders[ref.Partition] = nobody
	}
}

// Holder gives the attempt that may commit a partition, or has done so.
func (c *Coordinator) Holder(id ids.StageID, partition int32) (ref ids.TaskRef, ok bool) {
	s := c.stages[id]
	if s == nil || partition < 0 || int(partition) >= len(s.holders) || s.holders[partition] == nobody {
		return ids.TaskRef{}, false
	}
	h := s.holders[partition]
	return ids.TaskRef{StageRef: ids.StageRef{Stage: id, Attempt: h.stage}, Partition: partition, Try: h.task}, true
}
