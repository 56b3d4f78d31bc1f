package sim

import (
	"fmt"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
)

// starves: no executor has nothing to do for long while tasks wait on another one that it could run: they are ordered back.
type starves struct {
	silent
	world *World
	tasks map[taskAt]bool        // task attempts on executors, and whether they were ordered to stop
	left  map[ids.ExecutorID]int // how many of them were not
	since map[ids.ProfileID]Time // since when some wait while others could run them
}

// taskAt is a task attempt on an executor.
type taskAt struct {
	executor ids.ExecutorID
	ref      ids.TaskRef
}

// backAfter is when they must have been ordered back.
const backAfter = 10 * time.Millisecond

func newStarves(w *World) *starves {
	return &starves{world: w, tasks: map[taskAt]bool{}, left: map[ids.ExecutorID]int{}, since: map[ids.ProfileID]Time{}}
}

func (o *starves) step(ev sched.Event, actions []sched.Action) error {
	if end, ok := ev.(sched.TaskEnded); ok {
		o.stop(taskAt{end.Executor, end.End.Ref})
		delete(o.tasks, taskAt{end.Executor, end.End.Ref})
	}
	for _, a := range actions {
		switch a := a.(type) {
		case *sched.Launch:
			o.tasks[taskAt{a.Executor, a.Task.Ref}] = false
			o.left[a.Executor]++
		case sched.Kill:
			o.stop(taskAt{a.Executor, a.Task.Ref})
		}
	}
	if w := o.world; w.Sched.Health != (health.Config{}) || w.Wide > 0 || w.Sched.MaxActions > 0 {
		return nil // an executor that is free may not be the right one; what is to be done may be done in the next Step
	}
	for p := range ids.ProfileID(max(1, o.world.Profiles)) {
		if err := o.look(p); err != nil {
			return err
		}
	}
	return nil
}

// look looks at the executors of one profile.
func (o *starves) look(of ids.ProfileID) error {
	if !o.idles(of) {
		delete(o.since, of)
		return nil
	}
	since, known := o.since[of]
	if !known {
		o.since[of] = o.world.now
		return nil
	}
	if o.world.now < since+backAfter {
		return nil
	}
	for _, e := range o.world.view.Executors {
		if left := o.left[e.ID]; e.Profile == of && left > e.Slots {
			return fmt.Errorf("%d tasks wait on executor %v since %v or longer, and an executor of the same profile has nothing to do", left-e.Slots, e.ID, since)
		}
	}
	return nil
}

// stop says that a task attempt ends, or has to.
func (o *starves) stop(t taskAt) {
	if stopped, there := o.tasks[t]; there && !stopped {
		o.tasks[t] = true
		o.left[t.executor]--
	}
}

// idles says that one executor of a profile has a slot that is free, and tasks wait on another one, and nowhere else.
func (o *starves) idles(of ids.ProfileID) bool {
	free, waiting := false, false
	for _, e := range o.world.view.Executors {
		if e.Profile == of {
			free = free || e.State == "active" && e.Used < e.Slots
			waiting = waiting || e.Used > e.Slots
		}
	}
	for _, s := range o.world.view.Stages {
		if s.Profile == of && s.Waiting+s.Slow > 0 {
			return false
		}
	}
	return free && waiting
}
