package sim

import (
	"fmt"
	"math/bits"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
)

// demand: when faults are over and tasks have waited long enough, as many executors are wanted as they can use; and when all is over,
// executors stay only for a reason.
type demand struct {
	silent
	world *World
	since map[ids.ProfileID]unmet
}

// unmet is since when tasks wait that can use no more executors than before.
type unmet struct {
	since  Time
	usable int
}

func newDemand(w *World) *demand { return &demand{world: w, since: map[ids.ProfileID]unmet{}} }

func (o *demand) looked(v *alloc.View, t alloc.Target, _ int, _ alloc.Wanted) error {
	rules, now := o.world.Elastic, o.world.now
	waits := false
	for _, s := range v.Stages {
		waits = waits || s.Waiting > 0
	}
	u, usable := o.since[t.Profile], min(usable(rules, v, t.Profile), rules.Max)
	if !waits || usable > u.usable || now < o.world.Faults {
		u.since = now
	}
	u.usable = usable
	o.since[t.Profile] = u
	// One growth serves all profiles, so each may have to wait for the other ones.
	steps := Time(2 * bits.Len(uint(rules.Max)) * len(v.Profiles))
	if patience := rules.Backlog + steps*(rules.Sustained+lookEvery); now-u.since > patience && t.Executors < usable {
		return fmt.Errorf("tasks wait for %v and can use %d executors of profile %d, and only %d are wanted", now-u.since, usable, t.Profile, t.Executors)
	}
	return nil
}

func (o *demand) rest() error {
	rules, staying := o.world.Elastic, map[ids.ProfileID]int{}
	for _, e := range o.world.core.View().Executors {
		kept := o.world.cached[e.ID] && rules.CachedIdle > calmDown/2 || e.Outputs > 0
		if e.State == "active" && !kept {
			staying[e.Profile]++
		}
	}
	for p, s := range o.world.elastic.supplies {
		if n := staying[ids.ProfileID(p)]; n > rules.Min || s.want != rules.Min && o.world.begun() {
			return fmt.Errorf("%d executors of profile %d stay for nothing, %d are wanted, and %d would do", n, p, s.want, rules.Min)
		}
	}
	return nil
}
