package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// slots: no executor has more task attempts than slots and those that may wait for one, and the core counts as the world does. An
// attempt counts from its launch until its end is told or its executor lost.
type slots struct {
	world   *World
	holders map[ids.ExecutorID]map[ids.TaskID]bool
}

func newSlots(w *World) *slots {
	return &slots{w, map[ids.ExecutorID]map[ids.TaskID]bool{}}
}

func (o *slots) step(ev sched.Event, actions []sched.Action) error {
	switch ev := ev.(type) {
	case sched.TaskEnded:
		delete(o.holders[ev.Executor], ev.End.ID)
	}
	for _, id := range o.world.lost {
		delete(o.holders, id)
	}
	for _, a := range actions {
		l, ok := a.(sched.Launch)
		if !ok {
			continue
		}
		e := o.world.executor(l.Executor)
		if o.holders[l.Executor] == nil {
			o.holders[l.Executor] = map[ids.TaskID]bool{}
		}
		o.holders[l.Executor][l.Task.ID] = true
		if used := len(o.holders[l.Executor]); e == nil || used > e.slots*(1+o.world.Sched.Ahead) {
			return fmt.Errorf("executor %v has %d task attempts", l.Executor, used)
		}
	}
	for _, v := range o.world.core.View().Executors {
		if used := len(o.holders[v.ID]); v.Used != used {
			return fmt.Errorf("the core counts %d used slots on executor %v, there are %d", v.Used, v.ID, used)
		}
	}
	return nil
}

func (o *slots) rest() error { return nil }
