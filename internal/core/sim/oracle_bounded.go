package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// bounded: a Step gives at most so many actions as the configuration allows, beside what launches a barrier stage.
type bounded struct{ world *World }

func (o *bounded) step(_ sched.Event, actions []sched.Action) error {
	most := o.world.Sched.MaxActions
	if most == 0 {
		most = 4096
	}
	for _, a := range actions {
		if l, ok := a.(*sched.Launch); ok && rounds(o.world.core.Stage(l.Task.Ref.StageRef)) >= 0 {
			most += 3 // with its stage, and a fact
		}
	}
	if len(actions) > most {
		return fmt.Errorf("%d actions in one Step", len(actions))
	}
	return nil
}

func (o *bounded) rest() error { return nil }
