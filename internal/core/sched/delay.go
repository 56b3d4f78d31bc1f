package sched

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// A slot that is far from the data of the tasks that wait can be left free for a while, because a nearer one may come: Spark's delay
// scheduling. A run begins with the nearest level. It goes on to the next when no task that waits has a living place at this one, or
// when it has waited there long enough. It goes back to the level at which it launches as soon as it leaves no slot free.

// delay is how patient a run is now.
type delay struct {
	level    taskset.Level // the farthest that it accepts; never NoPreference
	since    Time          // when it began to wait at this level
	witness  int32         // tasks before this one do not wait for a living place at this level
	launched taskset.Level // the nearest in this Step; Any when none
	listed   bool          // in Core.delayed: it launched in this Step
}

// wait is how long a run may wait at a level before it accepts the next.
func (c *Config) wait(l taskset.Level) time.Duration {
	switch l {
	case taskset.Process:
		return c.ProcessWait
	case taskset.Node:
		return c.NodeWait
	}
	return c.RackWait
}

// delays says that some level is waited for at all.
func (c *Config) delays() bool { return c.ProcessWait+c.NodeWait+c.RackWait > 0 }

// accepts gives the farthest level at which a run takes a slot now.
func (c *Core) accepts(r *run) taskset.Level {
	if !r.delays {
		return taskset.Any
	}
	d := &r.delay
	for d.level < taskset.Any {
		wait := c.cfg.wait(d.level)
		switch {
		case !c.mayComeNearer(r):
			d.since = c.now
		case c.now-d.since >= wait:
			d.since += wait
		default:
			return d.level
		}
		r.setLevel(farther(d.level))
		r.matchAt, r.matched, r.unseen = min(r.matchAt, d.level), 0, true
	}
	return taskset.Any
}

func farther(l taskset.Level) taskset.Level {
	switch l {
	case taskset.Process:
		return taskset.Node
	case taskset.Node:
		return taskset.Rack
	}
	return taskset.Any
}

func (r *run) setLevel(l taskset.Level) { r.delay.level, r.delay.witness = l, 0 }

// mayComeNearer says that some task waits for a living place at the level of its run. It looks on from where it found one before, so
// that all its calls for a level cost about as much as there are tasks.
func (c *Core) mayComeNearer(r *run) bool {
	d := &r.delay
	for n := int32(r.set.Len()); d.witness < n; d.witness++ {
		if r.set.Waits(d.witness) && c.isLive(r.set.Places(d.witness), d.level, r.shape) {
			return true
		}
	}
	return false
}

// isLive says that one of the places has an executor of this shape that takes tasks.
func (c *Core) isLive(places []Place, at taskset.Level, s *shape) bool {
	for _, p := range places {
		switch at {
		case taskset.Process:
			if e := c.executor(p.Executor); p.OnExecutor && e != nil && e.shape == s && e.takesTasks() {
				return true
			}
		case taskset.Node:
			if h := c.hosts[p.Host]; h != nil && h.active.of(s.profile) > 0 {
				return true
			}
		case taskset.Rack:
			if k := c.racks[p.Rack]; k != nil && k.active.of(s.profile) > 0 {
				return true
			}
		}
	}
	return false
}

// noteLaunch remembers at what level a run launched.
func (c *Core) noteLaunch(r *run, at taskset.Level) {
	if !r.delays || at == taskset.NoPreference {
		return
	}
	d := &r.delay
	if !d.listed {
		d.listed, d.launched = true, taskset.Any
		c.delayed = append(c.delayed, r)
	}
	d.launched = min(d.launched, at)
}

// settleDelays ends the round: runs that launched, and left no slot free that they could have had by going farther, begin to wait anew.
func (c *Core) settleDelays() {
	for i, r := range c.delayed {
		d := &r.delay
		if r.shape.free.len() == 0 || r.set.Waiting() == 0 {
			r.setLevel(d.launched)
			d.since = c.now
		}
		d.listed = false
		c.delayed[i] = nil
	}
	c.delayed = c.delayed[:0]
}

// comesNear lets the runs that wait go back to a nearer level when an executor comes that offers it.
func (c *Core) comesNear(e *executor) {
	for r := range c.queue.all() {
		if !r.delays || r.shape != e.shape {
			continue
		}
		r.delay.witness = 0
		if l := r.set.Wants(e.spot()); l < r.delay.level {
			r.setLevel(l)
			r.delay.since = c.now
		}
	}
}

// delayWake gives when the next run that leaves slots free accepts a farther level.
func (c *Core) delayWake() (at Time, ok bool) {
	if !c.cfg.delays() || !c.begun || c.offered == 0 {
		return 0, false
	}
	for r := range c.queue.all() {
		if !r.delays || r.delay.level == taskset.Any || r.set.Waiting() == 0 || r.shape.free.len() == 0 || r.shape.holder != nil {
			continue
		}
		if t := r.delay.since + c.cfg.wait(r.delay.level); !ok || t < at {
			at, ok = t, true
		}
	}
	return at, ok
}
