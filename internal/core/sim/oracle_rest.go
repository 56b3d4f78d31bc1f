package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// rest: when all jobs have ended and all shuffles are released, nothing is left, neither in the core nor on an executor.
type rest struct{ world *World }

func (o *rest) step(sched.Event, []sched.Action) error { return nil }

func (o *rest) rest() error {
	c := o.world.core
	if err := c.Idle(); err != nil {
		return err
	}
	if v := c.View(); len(v.Jobs)+len(v.Stages) > 0 {
		return fmt.Errorf("jobs or stages are left: %+v", v)
	}
	if at, ok := c.Wake(); ok {
		return fmt.Errorf("the core wants to wake at %v", at)
	}
	for _, e := range o.world.executors {
		if !e.dead && len(e.stages)+len(e.running)+len(e.results)+len(e.outputs) > 0 {
			return fmt.Errorf("executor %v is left with stages %v, task attempts %v, results %v, outputs %v", e.id, e.stages, e.running, e.results, e.outputs)
		}
	}
	return nil
}
