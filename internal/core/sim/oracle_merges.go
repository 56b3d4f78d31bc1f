package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// merges: the accumulator updates of one partition of a stage are merged at most once, and exactly once when its result is
// delivered.
type merges struct {
	seen map[string]int
}

func newMerges() *merges { return &merges{seen: map[string]int{}} }

func (o *merges) step(_ sched.Event, actions []sched.Action) error {
	for i, a := range actions {
		switch a := a.(type) {
		case sched.MergeUpdates:
			key := string(a.Updates[0].Value)
			if o.seen[key]++; o.seen[key] > 1 {
				return fmt.Errorf("the updates of stage/partition %s are merged twice", key)
			}
		case *sched.DeliverResult:
			// The merge stands just before, unless the limit of a Step came between.
			if i > 0 {
				if _, ok := actions[i-1].(sched.MergeUpdates); !ok {
					return fmt.Errorf("partition %d of job %d is delivered without its updates", a.Partition, a.Job)
				}
			}
		}
	}
	return nil
}

func (o *merges) rest() error { return nil }
