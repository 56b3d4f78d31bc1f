package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// mixes: when a job is complete, no two different outputs of one map partition have gone into its results. A job that fails may have
// given some of these and some of those.
type mixes struct {
	world *World
	jobs  map[ids.JobID]*content // all results of a job that were delivered
}

func newMixes(w *World) *mixes { return &mixes{w, map[ids.JobID]*content{}} }

func (o *mixes) step(_ sched.Event, actions []sched.Action) error {
	for _, a := range actions {
		switch a := a.(type) {
		case *sched.DeliverResult:
			var j, p, at int
			if _, err := fmt.Sscanf(string(a.Value), "job %d partition %d made as %d", &j, &p, &at); err != nil {
				return fmt.Errorf("%q is delivered: %w", a.Value, err)
			}
			if o.jobs[a.Job] == nil {
				o.jobs[a.Job] = &content{made: map[output]uint64{}}
			}
			o.jobs[a.Job].add(o.world.contents[at])
		case sched.CompleteJob:
			if all := o.jobs[a.Job]; all != nil && all.mixed {
				return fmt.Errorf("job %d is complete, and two different outputs of one map partition have gone into it", a.Job)
			}
		}
	}
	return nil
}

func (o *mixes) rest() error { return nil }
