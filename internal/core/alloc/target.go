package alloc

import (
	"math"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// meet begins to count for profiles that are new.
func (a *Allocator) meet(profiles []Profile) {
	for _, p := range profiles {
		at, known := slices.BinarySearchFunc(a.targets, p.ID, byProfile)
		if !known {
			a.targets = slices.Insert(a.targets, at, growth{p.ID, a.cfg.Initial, 1})
		}
	}
}

// follow brings every target to what its tasks can use: down at once, up in steps.
func (a *Allocator) follow(v *View, now Time) {
	due := a.backlog && now >= a.raiseAt
	for i := range a.targets {
		g := &a.targets[i]
		alive := living(v.Executors, g.profile)
		switch needed := a.needed(v, g.profile, alive); {
		case needed < g.target:
			g.target, g.step = max(needed, a.cfg.Min), 1
		case due && a.raise(g, needed, alive):
			a.raiseAt = later(now, a.cfg.Sustained)
		}
	}
}

// raise lets a target grow by its step, not beyond what is needed and allowed. The next step is twice as long when this one could be
// made in full. It reports whether the target grew.
func (a *Allocator) raise(g *growth, needed, alive int) bool {
	// Executors that are there already need no steps to be wanted.
	wanted := max(g.target, alive) + g.step
	wanted = max(g.target, min(wanted, needed, a.cfg.Max))
	grown := wanted - g.target
	if grown == g.step {
		g.step *= 2
	} else {
		g.step = 1
	}
	g.target = wanted
	return grown > 0
}

// needed is how many executors of a profile the tasks can use that run and wait now.
func (a *Allocator) needed(v *View, p ids.ProfileID, alive int) int {
	slots := slotsOf(v.Profiles, p)
	load, copies, stuck, atOnce := 0.0, 0, 0.0, 0.0
	for _, s := range v.Stages {
		if s.Profile != p {
			continue
		}
		each := float64(slots)
		if s.PerExecutor > 0 {
			each = float64(s.PerExecutor)
		}
		load += float64(s.Waiting+s.Copies+s.Running) / each
		copies += s.Copies
		if s.Together {
			atOnce = max(atOnce, float64(s.Waiting+s.Running)/each)
		}
		if s.Unschedulable {
			stuck += 1 / each
		}
	}
	needed := max(a.executors(load), whole(atOnce))
	if needed == 1 && slots > 1 && copies > 0 {
		needed = 2 // a copy runs elsewhere than its original, or it is no help when the executor is what is slow
	}
	if stuck > 0 { // those that there are will not do
		needed = max(needed, alive+a.executors(stuck))
	}
	return needed
}

// executors is how many are asked for tasks that keep so many busy.
func (a *Allocator) executors(load float64) int { return whole(load * a.cfg.Ratio) }

// whole rounds up. What is a rounding error above a whole number is that number.
func whole(n float64) int { return int(math.Ceil(n - 1e-9)) }

func slotsOf(profiles []Profile, p ids.ProfileID) int {
	at := slices.IndexFunc(profiles, func(x Profile) bool { return x.ID == p })
	if at < 0 {
		return 1
	}
	return max(1, profiles[at].Slots)
}

// living counts the executors of a profile, also those that are leaving.
func living(executors []Executor, p ids.ProfileID) (n int) {
	for _, e := range executors {
		if e.Profile == p {
			n++
		}
	}
	return n
}

// placed says where the executors of a profile would be near to their tasks' data.
func placed(g growth, stages []Stage) Target {
	t := Target{Profile: g.profile, Executors: g.target}
	for _, s := range stages {
		if s.Profile == g.profile {
			t.Placed += s.Placed
			t.Places = append(t.Places, s.Places...)
		}
	}
	slices.SortStableFunc(t.Places, func(a, b Place) int { return strings.Compare(a.Host, b.Host) })
	t.Places = merged(t.Places)
	return t
}

// merged adds up what is said of the same host.
func merged(places []Place) []Place {
	kept := places[:0]
	for _, p := range places {
		if n := len(kept); n > 0 && kept[n-1].Host == p.Host {
			kept[n-1].Tasks += p.Tasks
			continue
		}
		kept = append(kept, p)
	}
	return kept
}
