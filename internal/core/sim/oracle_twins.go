package sim

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// twins: a try is launched once, and a task of a stage attempt does not run twice at once, but for one copy of a slow one on another host.
type twins struct {
	world   *World
	running map[ids.TaskRef][]running // of each task, which has Try zero
	tries   map[ids.TaskRef]bool
	tasks   map[ids.TaskID]bool
}

// running is a task attempt on an executor, which may be lost.
type running struct {
	ref ids.TaskRef
	at  ids.ExecutorID
}

func newTwins(w *World) *twins {
	return &twins{w, map[ids.TaskRef][]running{}, map[ids.TaskRef]bool{}, map[ids.TaskID]bool{}}
}

func whole(r ids.TaskRef) ids.TaskRef {
	r.Try = 0
	return r
}

func (o *twins) step(ev sched.Event, actions []sched.Action) error {
	if ev, ok := ev.(sched.TaskEnded); ok {
		task := whole(ev.End.Ref)
		o.running[task] = slices.DeleteFunc(o.running[task], func(r running) bool { return r == running{ev.End.Ref, ev.Executor} })
	}
	for _, a := range actions {
		if l, ok := a.(*sched.Launch); ok {
			if err := o.launch(l); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *twins) launch(l *sched.Launch) error {
	ref := l.Task.Ref
	if o.tries[ref] || o.tasks[l.Task.ID] {
		return fmt.Errorf("%v is launched on executor %v, and was launched before", ref, l.Executor)
	}
	o.tries[ref], o.tasks[l.Task.ID] = true, true
	others := slices.DeleteFunc(o.running[whole(ref)], func(r running) bool { return !slices.Contains(o.world.living, r.at) })
	most := 0
	if o.world.Sched.Speculation.Enabled {
		most = 1
	}
	if len(others) > most {
		return fmt.Errorf("%v is launched on executor %v while it runs: %v", ref, l.Executor, others)
	}
	host := o.world.executor(l.Executor).host
	for _, r := range others {
		if o.world.executor(r.at).host == host {
			return fmt.Errorf("%v is launched on host %s, where %v runs", ref, host, r.ref)
		}
	}
	o.running[whole(ref)] = append(others, running{ref, l.Executor})
	return nil
}

func (o *twins) rest() error { return nil }
