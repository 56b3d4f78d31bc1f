package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// resources: a task gets the accelerators that its stage asks for, which its executor has, and nobody has more of one than there is.
type resources struct {
	world *World
	taken map[address]int // in halves
	tasks map[ids.TaskID]taken
}

// address names one accelerator.
type address struct {
	executor ids.ExecutorID
	name     string
}

// taken is what a task has.
type taken struct {
	at        ids.ExecutorID
	addresses []string
	halves    int // of each
}

func newResources(w *World) *resources {
	return &resources{w, map[address]int{}, map[ids.TaskID]taken{}}
}

func (o *resources) step(ev sched.Event, actions []sched.Action) error {
	if ended, ok := ev.(sched.TaskEnded); ok && o.tasks[ended.End.ID].at == ended.Executor {
		o.giveBack(ended.End.ID)
	}
	for _, a := range actions {
		l, ok := a.(*sched.Launch)
		if !ok {
			continue
		}
		if err := o.launched(l); err != nil {
			return err
		}
	}
	return nil
}

func (o *resources) giveBack(id ids.TaskID) {
	t := o.tasks[id]
	for _, name := range t.addresses {
		o.taken[address{t.at, name}] -= t.halves
	}
	delete(o.tasks, id)
}

func (o *resources) launched(l *sched.Launch) error {
	halves := int(o.world.stage(l.Task.Ref.StageRef).Body[1])
	if halves == 0 {
		return nil
	}
	if len(l.Task.Resources) != 1 {
		return fmt.Errorf("%v gets %v", l.Task.Ref, l.Task.Resources)
	}
	t := taken{l.Executor, l.Task.Resources[0].Addresses, min(halves, 2)}
	if len(t.addresses)*t.halves != halves {
		return fmt.Errorf("%v gets %v and asked for %d halves", l.Task.Ref, l.Task.Resources, halves)
	}
	o.tasks[l.Task.ID] = t
	for _, name := range t.addresses {
		at := address{t.at, name}
		o.taken[at] += t.halves
		if o.taken[at] > 2 || name >= fmt.Sprint(o.world.executor(t.at).gpus) {
			return fmt.Errorf("%v gets accelerator %s of executor %v, of which %d halves are taken", l.Task.Ref, name, t.at, o.taken[at])
		}
	}
	return nil
}

func (o *resources) rest() error { return nil }
