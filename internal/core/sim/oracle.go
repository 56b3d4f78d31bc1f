package sim

import "github.com/kilnproject/kiln/internal/core/sched"

// oracle watches a simulation and says what must not be.
type oracle interface {
	// step looks at an event and the actions that follow from it, before they are done.
	step(ev sched.Event, actions []sched.Action) error
	// rest looks at what is left when nothing happens any more.
	rest() error
}

func newOracles(w *World) []oracle {
	return []oracle{
		&ends{world: w}, newOnce(w), newMerges(),
		newTwins(w), newSlots(w), newResources(w), &profiles{world: w}, newReads(w), &bounded{world: w}, &rest{world: w}, newRetired(w), newCommits(w), newReturns(w),
	}
}
