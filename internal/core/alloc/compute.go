package alloc

import (
	"cmp"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Allocator is the rules and what must be remembered between one Compute and the next. It is a value: nothing changes it.
type Allocator struct {
	cfg     Config
	begun   bool     // the first stage was submitted, or the first executor may go: targets follow the load
	backlog bool     // tasks wait
	raiseAt Time     // when targets grow next; while backlog
	targets []growth // by profile
}

// growth is the target of one profile, and how it grows.
type growth struct {
	profile ids.ProfileID
	target  int
	step    int // executors that it grows by the next time
}

// Wanted is what Compute asks for.
type Wanted struct {
	Targets []Target // by profile
	Changed bool     // some target is another one than before

	// Executors that the application can do without, by profile and id: to be released now, or to be drained. The targets stay as they are.
	Release, Drain []ids.ExecutorID
}

// Target is how many executors of a profile are wanted, and where.
type Target struct {
	Profile   ids.ProfileID
	Executors int
	Placed    int     // tasks that prefer some host
	Places    []Place // how many prefer which, by host
}

// New gives an allocator to which nothing has happened. It wants what the rules say for the start.
func New(cfg Config) Allocator {
	cfg.Initial = max(cfg.Initial, cfg.Min)
	return Allocator{cfg: cfg}
}

// Compute gives what is wanted now. Now must not run backwards.
func (a Allocator) Compute(v *View, now Time) (Allocator, Wanted) {
	before := a.targets
	a.targets = slices.Clone(a.targets)
	a.meet(v.Profiles)
	idle := a.timedOut(v, now)
	a.begun = a.begun || v.Begun || len(idle) > 0
	a.watchBacklog(v, now)
	if a.begun {
		a.follow(v, now)
	}
	w := Wanted{Changed: !slices.EqualFunc(before, a.targets, sameTarget)}
	for _, g := range a.targets {
		w.Targets = append(w.Targets, placed(g, v.Stages))
	}
	if leave := a.spared(v, idle); a.cfg.Drain {
		w.Drain = leave
	} else {
		w.Release = leave
	}
	return a, w
}

// watchBacklog starts the time to the next growth when tasks begin to wait, and forgets it when none does.
func (a *Allocator) watchBacklog(v *View, now Time) {
	waits := slices.ContainsFunc(v.Stages, func(s Stage) bool { return s.Waiting+s.Copies > 0 })
	if waits && !a.backlog {
		a.raiseAt = later(now, a.cfg.Backlog)
	}
	if !waits {
		for i := range a.targets {
			a.targets[i].step = 1
		}
	}
	a.backlog = waits
}

// later gives a moment, or Never.
func later(t, d Time) Time {
	if t > Never-d {
		return Never
	}
	return t + d
}

func sameTarget(a, b growth) bool { return a.profile == b.profile && a.target == b.target }

func byProfile(g growth, p ids.ProfileID) int { return cmp.Compare(g.profile, p) }
