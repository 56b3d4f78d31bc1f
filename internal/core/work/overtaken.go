package work

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// overtaken remembers the last kills whose task attempt is not known here: either the kill overtook its launch, or the attempt has
// ended already. The two look alike, so the number is bounded and the oldest goes first.
type overtaken struct {
	limit   int
	reasons map[ids.TaskRef]string // looked up, never ranged over; its keys are in order too
	order   []ids.TaskRef          // a ring once it is full: at most limit long; may name refs that were taken
	oldest  int                    // where the ring continues
}

func (o *overtaken) put(ref ids.TaskRef, reason string) {
	if _, known := o.reasons[ref]; known {
		return
	}
	o.reasons[ref] = reason
	if len(o.order) < o.limit {
		o.order = append(o.order, ref)
		return
	}
	delete(o.reasons, o.order[o.oldest])
	o.order[o.oldest] = ref
	o.oldest = (o.oldest + 1) % o.limit
}

// take gives the reason once. A task attempt is launched once only, so its entry in order does no harm.
func (o *overtaken) take(ref ids.TaskRef) (reason string, ok bool) {
	if len(o.reasons) == 0 {
		return "", false
	}
	reason, ok = o.reasons[ref]
	delete(o.reasons, ref)
	return reason, ok
}

func (o *overtaken) check() error {
	if len(o.reasons) > len(o.order) || len(o.order) > o.limit {
		return fmt.Errorf("work: %d kills remembered in %d places of %d", len(o.reasons), len(o.order), o.limit)
	}
	return nil
}
