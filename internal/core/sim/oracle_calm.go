package sim

import (
	"fmt"
	"math/bits"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
)

// calm: nothing oscillates. While tasks can use as many executors as before, the number that is wanted changes a few times and in one
// direction.
type calm struct {
	silent
	world    *World
	profiles map[ids.ProfileID]steady
}

// steady is what was asked for since tasks could use another number of executors.
type steady struct {
	usable   int
	changes  int
	up, down bool
}

func newCalm(w *World) *calm { return &calm{world: w, profiles: map[ids.ProfileID]steady{}} }

func (o *calm) looked(v *alloc.View, t alloc.Target, before int, _ alloc.Wanted) error {
	rules, s := o.world.Elastic, o.profiles[t.Profile]
	if now := usable(rules, v, t.Profile); now != s.usable || !v.Begun {
		o.profiles[t.Profile] = steady{usable: now}
		return nil
	}
	if t.Executors == before {
		return nil
	}
	s.changes++
	s.up, s.down = s.up || t.Executors > before, s.down || t.Executors < before
	o.profiles[t.Profile] = s
	if most := 2 + 2*bits.Len(uint(rules.Max)); s.up && s.down || s.changes > most {
		return fmt.Errorf("%d executors are wanted after %d, change %d while the load stays the same", t.Executors, before, s.changes)
	}
	return nil
}
