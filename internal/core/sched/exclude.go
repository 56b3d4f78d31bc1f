package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/sched/health"
)

// Where tasks fail others may fail too. Package health says who keeps away from where; here is what follows. An executor that the
// whole application keeps away from is barred: it is not offered, as if it had no free slots.

// troubleThere is why the application excludes an executor or a host.
const troubleThere = "tasks failed there, or map outputs could not be read"

// takesTasks says that an executor is offered while it has free slots.
func (e *executor) takesTasks() bool { return e.phase == active && !e.barred }

// takesTasks says that some executor is offered while it has free slots.
func (c *Core) takesTasks() bool {
	return slices.ContainsFunc(c.shapes, func(s *shape) bool { return s.open > 0 })
}

// refuses says that no task of a run may go to an executor.
func (r *run) refuses(e *executor) bool {
	switch {
	case r.health.Clean():
		return false
	case r.gang != nil:
		return !r.health.Allowed(together, e.id, e.host.name)
	}
	return r.health.Refuses(-1, e.id, e.host.name) >= health.StageOnExecutor
}

// isChoosy says that some tasks of a run may go where others may not.
func (r *run) isChoosy() bool { return !r.health.Clean() && r.gang == nil }

// allowed gives which tasks of a run may go to an executor that it does not refuse: all of them when it is nil.
func (r *run) allowed(e *executor) func(i int32) bool {
	if !r.isChoosy() {
		return nil
	}
	return func(i int32) bool { return r.health.Allowed(i, e.id, e.host.name) }
}

// failedAt notes that a task failed on an executor, in a way that counts.
func (c *Core) failedAt(r *run, i int32, e *executor) {
	if c.health == nil {
		return
	}
	if r.easy() && r.member.Waiting() {
		c.demanding++ // from now on not every slot is good for it
	}
	c.changes++
	c.exclude(r.health.Failed(c.now, i, e.id, e.host.name))
	r.suspects = append(r.suspects, i)
	r.unseen = true
}

// together stands for all tasks of a barrier stage, which count as one: where one of them failed none goes again.
const together int32 = 0

// failedTogether notes that an attempt of a barrier stage has ended because a task failed on an executor, in a way that counts. The next
// attempt knows of it.
func (c *Core) failedTogether(r *run, e *executor) {
	if c.health == nil {
		return
	}
	c.changes++
	c.exclude(r.health.Failed(c.now, together, e.id, e.host.name))
	r.stage.trouble().health = r.health
}

// remember lets an attempt of a barrier stage keep away from where those before it failed.
func (c *Core) remember(r *run) {
	if t := r.stage.troubles; r.gang != nil && t != nil && t.health != nil {
		r.health = t.health
	}
}

// trustAgain lets a run of a barrier stage go where it failed before, when the other executors have not room for all of it: it would wait
// for others to come.
func (c *Core) trustAgain(r *run) {
	if r.gang != nil && !r.health.Clean() && c.tooFewSlots(r) != "" {
		r.health, r.unseen = c.health.Open(r.ref), true
	}
}

// exclude does what follows from facts about health.
func (c *Core) exclude(facts []health.Fact) {
	for _, f := range facts {
		publish(c, HealthChanged{f})
		switch {
		case f.OfStage():
		case f.OfHost():
			for _, id := range c.on(f.Host) {
				c.bar(c.executor(id), f)
			}
		default:
			if e := c.executor(f.Executor); e != nil {
				c.bar(e, f)
			}
		}
	}
}

// bar keeps all tasks away from an executor, or lets them come again, and makes it go when the configuration says so.
func (c *Core) bar(e *executor, f health.Fact) {
	was := e.takesTasks()
	e.barred = c.health.Refuses(e.id, e.host.name) != health.None
	switch is := e.takesTasks(); {
	case was && !is:
		c.countActive(e, -1)
		c.unoffer(e)
		if e.used > e.slots {
			c.recallFrom(e, "its executor is excluded")
		}
	case !was && is:
		c.countActive(e, 1)
		c.offerSlots(e)
		c.lookAtDrainers()
	}
	if f.Included || e.phase != active {
		return
	}
	switch f.Ending {
	case health.Kill:
		e.exempt = "it is excluded: " + f.String()
		c.order(e, f.String(), true)
	case health.Decommission:
		c.drain(e, ExecutorsDecommissioned{Reason: f.String(), Replace: true})
	}
}

// forgive lets tasks go again where they were kept away from long enough.
func (c *Core) forgive() {
	if at, ok := c.health.Next(); ok && c.now >= at {
		c.exclude(c.health.Expire(c.now))
	}
}

// excludedEverywhere says why a run can not go on: a task that failed waits, and there are executors, and it may go to none of them;
// or no task may.
func (c *Core) excludedEverywhere(r *run) (why string) {
	switch i, is := c.outcast(r); {
	case !is:
		return ""
	case i < 0 && r.shape.open > 0:
		return "the stage excludes all executors" + r.shape.ofProfile() + " that could run its tasks, because others of them failed there"
	case i < 0:
		return "the application excludes all executors" + r.shape.ofProfile() + ", because " + troubleThere
	default:
		why = fmt.Sprintf("task %d of the stage may go to none of the executors: it or others failed on all of them", r.set.Partition(i))
		if first, failed := r.set.First(i); failed {
			why += "; its first error: " + first.Error.Text
		}
		return why
	}
}

// outcast gives a task of a run that waits and may go to no executor, or -1 when none may.
func (c *Core) outcast(r *run) (i int32, is bool) {
	if c.health == nil || c.alive == 0 {
		return -1, false
	}
	if r.shape.open == 0 && c.barredAndActive(r.shape) {
		return -1, true
	}
	for _, i := range r.suspects {
		if r.set.Waits(i) && !c.canGoSomewhere(r, i) {
			return i, true
		}
	}
	return -1, !r.health.Clean() && !c.canGoSomewhere(r, -1)
}

// canGoSomewhere says that a task may go to some executor, or with -1 those that never failed.
func (c *Core) canGoSomewhere(r *run, i int32) bool {
	for _, e := range c.executors {
		if e != nil && e.could(r) && !r.refuses(e) && (i < 0 || r.health.Allowed(i, e.id, e.host.name)) {
			return true
		}
	}
	return false
}

// barredAndActive says that some executor of a shape only needs to be trusted again.
func (c *Core) barredAndActive(s *shape) bool {
	for _, e := range c.executors {
		if e != nil && e.shape == s && e.phase == active && e.barred {
			return true
		}
	}
	return false
}
