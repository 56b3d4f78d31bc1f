package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// resumed: when the driver goes on after it stood still, nobody is given up for what was not heard meanwhile.
type resumed struct {
	silent
	world *World
}

func (o *resumed) step(ev sched.Event, actions []sched.Action) error {
	if _, ok := ev.(sched.DriverResumed); !ok {
		return nil
	}
	for _, a := range actions {
		if kill, ok := a.(sched.KillExecutor); ok && kill.Reason == "it is silent" {
			return fmt.Errorf("executor %v is given up, and it was the driver that stood still", kill.Executor)
		}
	}
	return nil
}
