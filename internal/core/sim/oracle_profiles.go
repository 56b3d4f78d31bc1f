package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// profiles: a task goes to an executor of the profile that its stage asks for.
type profiles struct{ world *World }

func (o *profiles) step(_ sched.Event, actions []sched.Action) error {
	for _, a := range actions {
		l, ok := a.(*sched.Launch)
		if !ok {
			continue
		}
		asks := ids.ProfileID(o.world.stage(l.Task.Ref.StageRef).Body[2])
		if e := o.world.executor(l.Executor); e.profile != asks {
			return fmt.Errorf("%v asks for profile %d and goes to executor %v of profile %d", l.Task.Ref, asks, l.Executor, e.profile)
		}
	}
	return nil
}

func (o *profiles) rest() error { return nil }
