package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// numbers: where the number of executors stays, the core does not change it. When nothing happens any more as many are wanted as users want,
// less those that somebody gave up, whatever became of those that drained while others came in their places. One more may be wanted for each
// of these that was lost since another one came last.
type numbers struct {
	world    *World
	replaced map[ids.ExecutorID]bool // another one was asked for when it began to drain
	ordered  map[ids.ExecutorID]bool // to go
	givenUp  map[ids.ProfileID]int
	lost     map[ids.ProfileID]int
}

func newNumbers(w *World) *numbers {
	return &numbers{w, map[ids.ExecutorID]bool{}, map[ids.ExecutorID]bool{}, map[ids.ProfileID]int{}, map[ids.ProfileID]int{}}
}

func (o *numbers) step(ev sched.Event, actions []sched.Action) error {
	if ev, ok := ev.(sched.ExecutorRegistered); ok {
		o.lost[ev.Profile] = max(0, o.lost[ev.Profile]-1)
	}
	for _, a := range actions {
		switch a := a.(type) {
		case sched.DrainExecutor:
			o.replaced[a.Executor] = a.Replace
		case sched.KillExecutor:
			o.ordered[a.Executor] = true
			if !a.Replace && !o.replaced[a.Executor] && a.Reason != "there are as many as are wanted" {
				o.givenUp[o.profile(a.Executor)]++
			}
		case sched.RefuseExecutor:
			o.lost[o.profile(a.Executor)]++ // it has not come after all
		}
	}
	for _, id := range o.world.lost {
		if o.replaced[id] && !o.ordered[id] {
			o.lost[o.profile(id)]++
		}
	}
	return nil
}

func (o *numbers) profile(id ids.ExecutorID) ids.ProfileID { return o.world.executor(id).profile }

func (o *numbers) rest() error {
	for p, s := range o.world.elastic.supplies {
		of := ids.ProfileID(p)
		if least := s.users - o.givenUp[of]; s.want < least || s.want > least+o.lost[of] {
			return fmt.Errorf("%d executors of profile %d are wanted, and it should be %d, or up to %d more", s.want, p, least, o.lost[of])
		}
	}
	return nil
}
