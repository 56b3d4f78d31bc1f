package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// returns: when tasks keep away from where they failed, none goes back there.
type returns struct {
	world  *World
	ended  map[ids.TaskID]bool
	done   map[ids.TaskRef]bool // with Try zero
	failed map[failedAt]bool
}

// failedAt is a task, with Try zero, and where it failed.
type failedAt struct {
	ref ids.TaskRef
	at  ids.ExecutorID
}

func newReturns(w *World) *returns {
	return &returns{w, map[ids.TaskID]bool{}, map[ids.TaskRef]bool{}, map[failedAt]bool{}}
}

func (o *returns) step(ev sched.Event, actions []sched.Action) error {
	if !o.world.Sched.Health.TaskAndStage {
		return nil
	}
	if ended, ok := ev.(sched.TaskEnded); ok && !o.ended[ended.End.ID] {
		o.ended[ended.End.ID] = true
		ref := whole(ended.End.Ref)
		switch ended.End.Reason.Fate {
		case task.Success:
			o.done[ref] = true
		case task.Failed:
			o.failed[failedAt{ref, ended.Executor}] = !o.done[ref]
		}
	}
	for _, a := range actions {
		if l, ok := a.(*sched.Launch); ok && o.failed[failedAt{whole(l.Task.Ref), l.Executor}] {
			return fmt.Errorf("%v goes back to executor %v, where it failed", l.Task.Ref, l.Executor)
		}
	}
	return nil
}

func (o *returns) rest() error { return nil }
