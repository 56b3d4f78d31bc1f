package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// twins: a task of a stage attempt does not run twice at once, and a try is launched once.
type twins struct {
	world   *World
	running map[ids.TaskRef]ids.ExecutorID // with Try zero
	tries   map[ids.TaskRef]bool
	tasks   map[ids.TaskID]bool
	gone    map[ids.ExecutorID]bool
}

func newTwins(w *World) *twins {
	return &twins{w, map[ids.TaskRef]ids.ExecutorID{}, map[ids.TaskRef]bool{}, map[ids.TaskID]bool{}, map[ids.ExecutorID]bool{}}
}

func whole(r ids.TaskRef) ids.TaskRef {
	r.Try = 0
	return r
}

func (o *twins) step(ev sched.Event, actions []sched.Action) error {
	switch ev := ev.(type) {
	case sched.TaskEnded:
		if at, ok := o.running[whole(ev.End.Ref)]; ok && at == ev.Executor && o.tries[ev.End.Ref] {
			delete(o.running, whole(ev.End.Ref))
		}
	}
	for _, id := range o.world.lost {
		o.gone[id] = true
	}
	for _, a := range actions {
		l, ok := a.(sched.Launch)
		if !ok {
			continue
		}
		ref := l.Task.Ref
		if at, runs := o.running[whole(ref)]; runs && !o.gone[at] || o.tries[ref] || o.tasks[l.Task.ID] {
			return fmt.Errorf("%v is launched on executor %v; runs: %v on executor %v, was launched before: %v", ref, l.Executor, runs, at, o.tries[ref])
		}
		o.running[whole(ref)], o.tries[ref], o.tasks[l.Task.ID] = l.Executor, true, true
	}
	return nil
}

func (o *twins) rest() error { return nil }
