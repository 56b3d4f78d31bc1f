package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// slots: no executor has more task attempts than slots and those that may wait for one, and the core counts as the world does. An
// attempt counts from its launch until its end is told or its executor lost, for as many slots as its stage asks for.
type slots struct {
	world *World
	used  map[ids.ExecutorID]int
	takes map[holder]int
}

// holder is a task attempt that has slots.
type holder struct {
	executor ids.ExecutorID
	task     ids.TaskID
}

func newSlots(w *World) *slots { return &slots{w, map[ids.ExecutorID]int{}, map[holder]int{}} }

func (o *slots) step(ev sched.Event, actions []sched.Action) error {
	if ended, ok := ev.(sched.TaskEnded); ok {
		h := holder{ended.Executor, ended.End.ID}
		o.used[h.executor] -= o.takes[h]
		delete(o.takes, h)
	}
	for _, a := range actions {
		l, ok := a.(*sched.Launch)
		if !ok {
			continue
		}
		h := holder{l.Executor, l.Task.ID}
		o.takes[h] = int(o.world.stage(l.Task.Ref.StageRef).Body[0])
		o.used[h.executor] += o.takes[h]
		e := o.world.executor(l.Executor)
		if used := o.used[h.executor]; e == nil || used > e.slots*(1+o.world.Sched.Ahead) {
			return fmt.Errorf("executor %v has task attempts for %d slots", l.Executor, used)
		}
	}
	for _, v := range o.world.view.Executors {
		if used := o.used[v.ID]; v.Used != used {
			return fmt.Errorf("the core counts %d used slots on executor %v, there are %d", v.Used, v.ID, used)
		}
	}
	return nil
}

func (o *slots) rest() error { return nil }
