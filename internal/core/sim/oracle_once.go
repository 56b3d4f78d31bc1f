package sim

import (
	"fmt"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// once: each result is delivered once, is the right one, and a completed job has all that it wanted.
type once struct {
	world *World
	had   map[ids.JobID]map[int32]bool
}

func newOnce(w *World) *once { return &once{w, map[ids.JobID]map[int32]bool{}} }

func (o *once) step(_ sched.Event, actions []sched.Action) error {
	for _, a := range actions {
		switch a := a.(type) {
		case *sched.DeliverResult:
			had := o.had[a.Job]
			if had == nil {
				had = map[int32]bool{}
				o.had[a.Job] = had
			}
			want := fmt.Sprintf("job %d partition %d", a.Job, a.Partition)
			value, _, _ := strings.Cut(string(a.Value), " made as ")
			if had[a.Partition] || !o.world.jobs[a.Job].wanted[a.Partition] || value != want {
				return fmt.Errorf("partition %d of job %d is delivered as %q; it was before: %v", a.Partition, a.Job, a.Value, had[a.Partition])
			}
			had[a.Partition] = true
		case sched.CompleteJob:
			if had, want := len(o.had[a.Job]), len(o.world.jobs[a.Job].wanted); had != want {
				return fmt.Errorf("job %d is complete with %d of %d results", a.Job, had, want)
			}
		}
	}
	return nil
}

func (o *once) rest() error { return nil }
