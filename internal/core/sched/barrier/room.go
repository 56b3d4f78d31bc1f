package barrier

import (
	"fmt"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Time is a moment: the time since the driver started.
type Time = time.Duration

// mostSaid bounds the messages of a round: each of them goes to every task.
const mostSaid = 16 << 20

// Room is where the tasks of one barrier stage attempt meet.
type Room struct {
	patience time.Duration // how long a round may take; 0: for ever
	waiting  []*task.Call  // by task; nil for those that have not come
	came     int           // how many wait
	kind     task.CallKind // of this round, once somebody came
	said     int           // bytes of the messages of this round
	until    Time          // when this round fails; valid while somebody waits
	left     int32         // a task that has ended, or -1
	last     []turn        // by task: the last call that came
}

// turn numbers the calls of a task.
type turn struct {
	try ids.TaskAttempt
	seq int32
}

// New gives a room for so many tasks, in which a round may take so long after its first task came; 0 means for ever.
func New(tasks int, patience time.Duration) *Room {
	return &Room{patience: patience, waiting: make([]*task.Call, tasks), left: -1, last: make([]turn, tasks)}
}

// Come takes the call of a task and gives the replies that follow from it. A call that comes twice counts once, also when it was
// answered meanwhile. A new task attempt takes the place of the one before it.
func (r *Room) Come(now Time, i int32, c *task.Call) []task.Reply {
	if last := r.last[i]; c.Ref.Try < last.try || c.Ref.Try == last.try && c.Seq < last.seq {
		return nil
	}
	r.last[i] = turn{c.Ref.Try, c.Seq + 1}
	if r.waiting[i] != nil {
		r.waiting[i] = nil
		r.came--
	}
	switch {
	case r.left >= 0:
		return []task.Reply{refuse(c, r.ended())}
	case r.came > 0 && c.Kind != r.kind:
		why := fmt.Sprintf("task %d called %v while others wait in %v: all tasks of a barrier stage make the same calls", c.Ref.Partition, c.Kind, r.kind)
		return append(r.refuseAll(why), refuse(c, why))
	}
	if r.came == 0 {
		r.kind, r.until, r.said = c.Kind, now+r.patience, 0
	}
	r.waiting[i] = c
	if r.said += len(c.Message); r.said > mostSaid {
		return r.refuseAll(fmt.Sprintf("the messages of the tasks take more than %d bytes together: what is large goes into a file, or through a shuffle", mostSaid))
	}
	if r.came++; r.came < len(r.waiting) {
		return nil
	}
	return r.answer()
}

// Leave says that a task has ended: those that wait for it wait in vain.
func (r *Room) Leave(i int32) []task.Reply {
	if r.waiting[i] != nil {
		r.waiting[i] = nil
		r.came--
	}
	if r.left < 0 {
		r.left = i
	}
	return r.refuseAll(r.ended())
}

// Wake gives the moment at which Expire must be called, if any.
func (r *Room) Wake() (at Time, ok bool) { return r.until, r.came > 0 && r.patience > 0 }

// Expire refuses everybody when the round has taken too long.
func (r *Room) Expire(now Time) []task.Reply {
	if at, ok := r.Wake(); !ok || now < at {
		return nil
	}
	return r.refuseAll(fmt.Sprintf("only %d of %d tasks called %v within %v (kiln.barrier.sync.timeout)", r.came, len(r.waiting), r.kind, r.patience))
}

func (r *Room) ended() string {
	return fmt.Sprintf("a task of the barrier stage (the one in place %d) has ended: all of them make the same calls, or none can go on", r.left)
}

// answer ends a round in which everybody is there.
func (r *Room) answer() []task.Reply {
	var messages [][]byte
	if r.kind == task.Gather {
		for _, c := range r.waiting {
			messages = append(messages, c.Message)
		}
	}
	replies := make([]task.Reply, len(r.waiting))
	for i, c := range r.waiting {
		replies[i] = task.Reply{Ref: c.Ref, Seq: c.Seq, Messages: messages}
	}
	clear(r.waiting)
	r.came = 0
	return replies
}

func (r *Room) refuseAll(why string) (replies []task.Reply) {
	for i, c := range r.waiting {
		if c != nil {
			replies = append(replies, refuse(c, why))
			r.waiting[i] = nil
		}
	}
	r.came = 0
	return replies
}

func refuse(c *task.Call, why string) task.Reply {
	return task.Reply{Ref: c.Ref, Seq: c.Seq, Refused: why}
}
