package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// departs: a decommissioned executor that has no task, no result that somebody fetches, and no map output goes at once; and when
// nothing happens any more there is none.
type departs struct {
	world   *World
	fetched map[ids.TaskID]ids.ExecutorID // results on their way
}

func newDeparts(w *World) *departs { return &departs{w, map[ids.TaskID]ids.ExecutorID{}} }

func (o *departs) step(ev sched.Event, actions []sched.Action) error {
	switch ev := ev.(type) {
	case sched.ResultFetched:
		delete(o.fetched, ev.Task)
	case sched.ResultLost:
		delete(o.fetched, ev.Task)
	}
	busy := map[ids.ExecutorID]bool{}
	for _, a := range actions {
		if a, ok := a.(sched.FetchResult); ok {
			o.fetched[a.Task] = a.Executor
		}
	}
	for _, id := range o.fetched {
		busy[id] = true
	}
	if o.world.Sched.MaxActions > 0 {
		return nil // what is to be done may be done in the next Step
	}
	for _, e := range o.world.view.Executors {
		if e.State == "draining" && e.Used+e.Outputs == 0 && !busy[e.ID] {
			return fmt.Errorf("executor %v drains and stays, and has nothing", e.ID)
		}
	}
	return nil
}

func (o *departs) rest() error {
	for _, e := range o.world.core.View().Executors {
		if e.State == "draining" {
			return fmt.Errorf("executor %v drains still: %+v", e.ID, e)
		}
	}
	return nil
}
