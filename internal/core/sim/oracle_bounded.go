package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// bounded: a Step gives at most so many actions as the configuration allows.
type bounded struct{ world *World }

func (o *bounded) step(_ sched.Event, actions []sched.Action) error {
	most := o.world.Sched.MaxActions
	if most == 0 {
		most = 4096
	}
	if len(actions) > most {
		return fmt.Errorf("%d actions in one Step", len(actions))
	}
	return nil
}

func (o *bounded) rest() error { return nil }
