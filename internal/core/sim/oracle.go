package sim

import (
	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// oracle watches a simulation and says what must not be.
type oracle interface {
	// step looks at an event and the actions that follow from it, before they are done.
	step(ev sched.Event, actions []sched.Action) error
	// rest looks at what is left when nothing happens any more.
	rest() error
}

// allocationOracle also watches dynamic allocation.
type allocationOracle interface {
	// looked looks at what it was shown, and for one profile at the target and the one before; w is all that is wanted. Nothing of
	// it is done yet.
	looked(v *alloc.View, t alloc.Target, before int, w alloc.Wanted) error
}

// watch is an oracle with its name, by which failures are told apart.
type watch struct {
	name string
	oracle
}

func newOracles(w *World) []watch {
	watches := []watch{
		{"ends", &ends{world: w}}, {"once", newOnce(w)}, {"merges", newMerges()}, {"twins", newTwins(w)}, {"slots", newSlots(w)},
		{"resources", newResources(w)}, {"profiles", &profiles{world: w}}, {"reads", newReads(w)}, {"mixes", newMixes(w)}, {"bounded", &bounded{world: w}}, {"rest", &rest{world: w}},
		{"retired", newRetired(w)}, {"commits", newCommits(w)}, {"returns", newReturns(w)},
		{"together", newTogether(w)}, {"starves", newStarves(w)}, {"departs", newDeparts(w)}, {"moves", newMoves(w)},
	}
	watches = append(watches, watch{"resumed", &resumed{world: w}})
	if w.Elastic == nil {
		watches = append(watches, watch{"numbers", newNumbers(w)})
	} else {
		watches = append(watches, watch{"targets", &targets{world: w}}, watch{"idle", newIdle(w)}, watch{"demand", newDemand(w)}, watch{"calm", newCalm(w)})
	}
	return watches
}

// silent is an oracle that looks at neither steps nor the end.
type silent struct{}

func (silent) step(sched.Event, []sched.Action) error { return nil }
func (silent) rest() error                            { return nil }
