package sim

import (
	"fmt"
	"math"
	"slices"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
)

// targets: dynamic allocation wants no fewer executors than there must be and no more than there may be; it wants more only when the
// tasks can use as many, and fewer only when they cannot.
type targets struct {
	silent
	world *World
}

func (o *targets) looked(v *alloc.View, t alloc.Target, before int, _ alloc.Wanted) error {
	rules := o.world.Elastic
	want, usable := t.Executors, usable(rules, v, t.Profile)
	switch {
	case want < rules.Min || want > rules.Max:
		return fmt.Errorf("%d executors are wanted, which is not from %d to %d", want, rules.Min, rules.Max)
	case before > 0 && want > before && want > max(usable, rules.Initial):
		return fmt.Errorf("%d executors are wanted after %d, and tasks can use %d", want, before, usable)
	case want < before && before <= usable:
		return fmt.Errorf("%d executors are wanted after %d, although tasks can use %d", want, before, usable)
	}
	return nil
}

// usable is how many executors of a profile the tasks can use that run and wait. A copy does not run where its task does,
// so that it can use a second one that the load does not need; tasks that run together need room for all of them.
func usable(rules *alloc.Config, v *alloc.View, of ids.ProfileID) int {
	parts, together, copies := 0.0, 0.0, 0
	for _, s := range v.Stages {
		if s.Profile == of {
			parts += float64(s.Waiting+s.Copies+s.Running) * rules.Ratio / float64(s.PerExecutor)
			copies += s.Copies
			if s.Together {
				together = max(together, float64(s.Waiting+s.Running)/float64(s.PerExecutor))
			}
		}
	}
	n := int(math.Ceil(max(parts, together) - 1e-9))
	if several := slices.ContainsFunc(v.Profiles, func(p alloc.Profile) bool { return p.ID == of && p.Slots > 1 }); n == 1 && copies > 0 && several {
		n++
	}
	return n
}
