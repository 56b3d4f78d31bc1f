package wire

import (
	"fmt"
	"math"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	pb "github.com/kilnproject/kiln/internal/link/wire/controlpb"
)

// The largest counts that make sense. They are far above what anyone runs and far below what would overflow.
const (
	mostSlots   = 1 << 16
	mostReduces = 1 << 24

	mostResources = 1 << 10
	mostAddresses = 1 << 16
)

// checker keeps the first thing that is wrong with a message.
type checker struct{ err error }

func (c *checker) refuse(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
	}
}

func (c *checker) between(what string, n, low, high int64) int64 {
	if n < low || n > high {
		c.refuse("%s is %d, not from %d to %d", what, n, low, high)
	}
	return n
}

// id32 takes an identifier or index: zero or more.
func (c *checker) id32(what string, n int32) int32 {
	if n < 0 {
		c.refuse("%s is %d", what, n)
	}
	return n
}

// size takes a number of bytes, rows or nanoseconds: zero or more.
func (c *checker) size(what string, n int64) int64 {
	if n < 0 {
		c.refuse("%s is %d", what, n)
	}
	return n
}

// sizes takes numbers of bytes. The slice is kept, not copied.
func (c *checker) sizes(what string, all []int64) []int64 {
	for _, n := range all {
		if n < 0 {
			c.refuse("one of the %s is %d", what, n)
			break
		}
	}
	return all
}

func (c *checker) duration(what string, nanos int64) time.Duration {
	return time.Duration(c.size(what, nanos))
}

func (c *checker) executor(n int32) ids.ExecutorID {
	return ids.ExecutorID(c.between("an executor id", int64(n), int64(ids.Driver), math.MaxInt32))
}

func (c *checker) stageRef(stage, attempt int32) ids.StageRef {
	return ids.StageRef{Stage: ids.StageID(c.id32("a stage id", stage)), Attempt: ids.StageAttempt(c.id32("a stage attempt", attempt))}
}

// taskFields is what every message about one task attempt has.
type taskFields interface {
	GetStage() int32
	GetStageAttempt() int32
	GetPartition() int32
	GetTaskAttempt() int32
}

func taskRef[M taskFields](c *checker, m M) ids.TaskRef {
	return ids.TaskRef{
		StageRef:  c.stageRef(m.GetStage(), m.GetStageAttempt()),
		Partition: c.id32("a partition", m.GetPartition()),
		Try:       ids.TaskAttempt(c.id32("a task attempt", m.GetTaskAttempt())),
	}
}

// copyFields is what both messages about a copy have.
type copyFields interface {
	GetKind() pb.BlockKind
	GetId() int32
	GetPartition() int32
}

// copied takes what a copy is of.
func copied[M copyFields](c *checker, m M) ids.BlockID {
	switch m.GetKind() {
	case pb.BlockKind_BLOCK_KIND_OUTPUT:
		return ids.Output(ids.ShuffleID(c.id32("a shuffle id", m.GetId())), int(c.id32("a map partition", m.GetPartition())), 0)
	case pb.BlockKind_BLOCK_KIND_RDD:
		return ids.RDD(ids.RDDID(c.id32("an rdd id", m.GetId())), int(c.id32("a partition", m.GetPartition())))
	}
	c.refuse("a copy of a block of kind %d", m.GetKind())
	return ids.BlockID{}
}

// level takes how a cached partition is kept.
func (c *checker) level(n int32) task.Level {
	return task.Level(c.between("a storage level", int64(n), 0, math.MaxUint8))
}

// resources takes what an executor or a task has: each resource once, by its name, with some addresses.
func (c *checker) resources(all []*pb.Resource) []task.Resource {
	if len(all) == 0 {
		return nil
	}
	c.between("the number of resources", int64(len(all)), 1, mostResources)
	names := map[string]bool{}
	to := make([]task.Resource, len(all))
	for i, r := range all {
		c.between("the number of addresses of a resource", int64(len(r.GetAddresses())), 1, mostAddresses)
		if names[r.GetName()] || r.GetName() == "" {
			c.refuse("a resource has the name %q, as another one, or none", r.GetName())
		}
		names[r.GetName()] = true
		to[i] = task.Resource{Name: r.GetName(), Addresses: r.GetAddresses()}
	}
	return to
}

func (c *checker) settings(all []*pb.Setting) map[string]string {
	if len(all) == 0 {
		return nil
	}
	m := make(map[string]string, len(all))
	for _, s := range all {
		if _, twice := m[string(s.GetKey())]; twice {
			c.refuse("the setting %q comes twice", s.GetKey())
		}
		m[string(s.GetKey())] = string(s.GetValue())
	}
	return m
}
