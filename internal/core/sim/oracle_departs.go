package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// departs: a decommissioned executor that has no task, no result that somebody fetches, no map output, no cached partition and no
// reader goes at once; and when
// nothing happens any more there is none.
type departs struct {
	world    *World
	at       map[ids.TaskID]ids.ExecutorID // results on their way
	fetching map[ids.ExecutorID]int        // how many of these it has
}

func newDeparts(w *World) *departs {
	return &departs{w, map[ids.TaskID]ids.ExecutorID{}, map[ids.ExecutorID]int{}}
}

func (o *departs) step(ev sched.Event, actions []sched.Action) error {
	switch ev := ev.(type) {
	case sched.ResultFetched:
		o.fetched(ev.Task)
	case sched.ResultLost:
		o.fetched(ev.Task)
	}
	for _, a := range actions {
		if a, ok := a.(sched.FetchResult); ok {
			o.at[a.Task] = a.Executor
			o.fetching[a.Executor]++
		}
	}
	if o.world.Sched.MaxActions > 0 {
		return nil // what is to be done may be done in the next Step
	}
	for _, e := range o.world.view.Executors {
		if e.State == "draining" && e.Used+e.Outputs+e.Cached+e.Readers == 0 && o.fetching[e.ID] == 0 {
			return fmt.Errorf("executor %v drains and stays, and has nothing", e.ID)
		}
	}
	return nil
}

// fetched says that a result is not on its way any more.
func (o *departs) fetched(id ids.TaskID) {
	if at, ok := o.at[id]; ok {
		delete(o.at, id)
		o.fetching[at]--
	}
}

func (o *departs) rest() error {
	for _, e := range o.world.core.View().Executors {
		if e.State == "draining" {
			return fmt.Errorf("executor %v drains still: %+v", e.ID, e)
		}
	}
	return nil
}
