package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// ends: every job that was submitted ends, once, and nothing is delivered to it afterwards.
type ends struct{ world *World }

func (o *ends) step(_ sched.Event, actions []sched.Action) error {
	ended := map[ids.JobID]bool{}
	for _, a := range actions {
		var id ids.JobID
		isEnd := true
		switch a := a.(type) {
		case sched.CompleteJob:
			id = a.Job
		case sched.FailJob:
			id = a.Job
			if a.Why == nil || a.Why.Reason == "" || a.Why.Kind == 0 {
				return fmt.Errorf("job %d fails and nobody says why", id)
			}
		case *sched.DeliverResult:
			id, isEnd = a.Job, false
		default:
			continue
		}
		if ended[id] || o.world.jobs[id].ended {
			return fmt.Errorf("%+v after the end of job %d", a, id)
		}
		ended[id] = isEnd
	}
	return nil
}

func (o *ends) rest() error {
	for _, j := range o.world.jobs {
		if j != nil && j.submitted && !j.ended {
			return fmt.Errorf("job %d does not end", j.spec.ID)
		}
	}
	return nil
}
