package sim

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// retired: an executor that was decommissioned, suspected or ordered to go gets no more tasks; one that is ordered to go because it is
// drained has none and holds no map output; and none is given up without a word about it.
type retired struct {
	world *World
	from  map[ids.ExecutorID]bool // no more tasks from then on
}

func newRetired(w *World) *retired { return &retired{w, map[ids.ExecutorID]bool{}} }

func (o *retired) step(ev sched.Event, actions []sched.Action) error {
	told := o.told(ev)
	for _, a := range actions {
		switch a := a.(type) {
		case sched.KillExecutor:
			o.from[a.Executor] = true
			told = told || a.Reason == "it is silent"
			if err := o.drained(a); err != nil {
				return err
			}
		case *sched.Launch:
			if o.from[a.Executor] {
				return fmt.Errorf("%v is launched on executor %v, which takes no more tasks", a.Task.Ref, a.Executor)
			}
		}
	}
	if len(o.world.lost) > 0 && !told && o.world.Sched.ReasonWait == 0 && o.world.Sched.MaxActions == 0 {
		return fmt.Errorf("executors %v are given up after %T", o.world.lost, ev)
	}
	return nil
}

// told notes what an event says of executors, and reports whether it takes some away.
func (o *retired) told(ev sched.Event) bool {
	switch ev := ev.(type) {
	case sched.ExecutorLost, sched.HostLost:
		return true
	case sched.ExecutorSuspected:
		o.from[ev.ID] = true
	case sched.ExecutorsDecommissioned:
		for _, id := range ev.Executors {
			o.from[id] = true
		}
	case sched.HostDecommissioned:
		for _, id := range o.world.living {
			if o.world.executor(id).host == ev.Host {
				o.from[id] = true
			}
		}
	}
	return false
}

func (o *retired) drained(a sched.KillExecutor) error {
	for _, v := range o.world.view.Executors {
		if v.ID == a.Executor && a.Reason == "it is drained" && v.Used+v.Outputs > 0 {
			return fmt.Errorf("executor %v is said to be drained: %+v", a.Executor, v)
		}
	}
	return nil
}

func (o *retired) rest() error { return nil }
