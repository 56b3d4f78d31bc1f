package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// offer gives free slots to tasks that wait, in the order of the queue. Executors take turns, one task each, so that work spreads.
//
// Tasks that deserve a copy come after those of their run that wait.
//
// After it no run that waits could use a slot that is free. So there is something to look at only when a slot has become free
// (Core.freshly), and for a run only when it is new in the queue, has tasks that came back, or accepts slots that it did not accept
// before (run.unseen, run.again).
func (c *Core) offer() {
	if !c.mayOffer() {
		return
	}
	c.watchGangs()
	for c.chooseHolders(); c.offered > 0; c.chooseHolders() {
		if !c.room() {
			c.more = true
			return
		}
		if !c.offerOnce() {
			break
		}
	}
	clear(c.freshly)
	c.freshly = c.freshly[:0]
	c.settleDelays()
}

// offerOnce launches a task of the first run that can use a slot. It returns false when none can.
func (c *Core) offerOnce() bool {
	r := c.queue.first()
	if r == nil || c.offerOrFail(r) {
		return r != nil
	}
	for next := range c.queue.all() {
		if next != r && c.offerOrFail(next) {
			return true
		}
	}
	return false
}

// offerOrFail is offerTo for a run for which there may be no free slot, and of which the inputs may be lost.
func (c *Core) offerOrFail(r *run) bool {
	if r.shape.free.len() == 0 {
		return false
	}
	if !c.inputsThere(r) {
		if r.set.Waiting() == 0 {
			return false // what runs may have read them, and copies could not
		}
		c.giveOrders() // before what may be too much for this Step
		why, excused := c.missingInput(r)
		c.failRun(r, why, excused)
		return true
	}
	if h := r.shape.holder; h != nil && h != r {
		return c.offerBeside(h, r)
	}
	return c.offerTo(r)
}

// offerTo launches a task of a run, if it can use a free slot.
func (c *Core) offerTo(r *run) bool {
	if r.gang != nil {
		return c.offerTogether(r)
	}
	if r.copies.wanted() == 0 {
		return c.offerTasks(r, c.accepts(r))
	}
	if r.set.Waiting() == 0 {
		return c.offerCopy(r, taskset.Any)
	}
	most := c.accepts(r)
	return c.offerTasks(r, most) || c.offerCopy(r, most)
}

// offerTasks is offerTo for tasks that wait.
func (c *Core) offerTasks(r *run, most taskset.Level) bool {
	for at := taskset.Process; at <= min(most, taskset.Node); at++ {
		if c.matchAgain(r, at) || c.match(r, at) {
			return true
		}
	}
	if most > taskset.Node && r.set.PrefersAt(taskset.Rack) {
		// Tasks that prefer no place come before those that are only in the rack of theirs.
		if (r.unseen || r.easy()) && c.takeAnywhere(r, taskset.Node) || c.matchAgain(r, taskset.Rack) || c.match(r, most) {
			return true
		}
	}
	if most == taskset.Any && r.easy() {
		return c.take(r, r.shape.free.next(), most)
	}
	if r.unseen {
		if c.takeAnywhere(r, most) {
			return true
		}
		r.unseen = false
	}
	for _, e := range c.freshly {
		if e.fits(r) && c.take(r, e, most) {
			return true
		}
	}
	return false
}

// take launches the nearest task of a run on an executor that fits.
func (c *Core) take(r *run, e *executor, most taskset.Level) bool {
	i, try, level, ok := r.set.Take(r.spot(e), most, r.allowed(e))
	if ok {
		c.launch(r, i, try, level, e)
	}
	return ok
}

// spot says where an executor is, to a run that asks for it.
func (r *run) spot(e *executor) taskset.Spot {
	if !r.set.Prefers() {
		return taskset.Spot{}
	}
	return e.spot()
}

// takeAnywhere tries one executor that fits: after match, all that is left to a run is tasks that are as far from this one as from
// any other. Only when some may not go everywhere it tries all.
func (c *Core) takeAnywhere(r *run, most taskset.Level) bool {
	if r.health.Clean() {
		e := r.shape.free.find(r, -1)
		return e != nil && c.take(r, e, most)
	}
	for range r.shape.free.len() {
		if e := r.shape.free.next(); e.fits(r) && c.take(r, e, most) {
			return true
		}
	}
	return false
}

// matchAgain launches a task where one that came back finds a free slot at a level from its place: the nearest to that slot, which
// may be another one. What finds none is looked at again for the next level.
func (c *Core) matchAgain(r *run, at taskset.Level) bool {
	list := r.again[at]
	for len(list) > 0 {
		i := list[len(list)-1]
		if r.set.Waits(i) {
			if e := c.freeAt(r, i, at); e != nil && c.take(r, e, at) {
				r.again[at] = list
				return true
			}
			if next := farther(at); next < taskset.Any && r.set.PrefersAt(next) {
				r.again[next] = append(r.again[next], i)
			}
		}
		list = list[:len(list)-1]
	}
	r.again[at] = list
	return false
}

// match launches a task that prefers a place with a free slot. All that the run began with are looked at once, at the nearest level
// before the next. A slot that frees later finds the tasks that prefer it by itself. What it launches may be another task that is nearer
// to the slot.
func (c *Core) match(r *run, most taskset.Level) bool {
	if !r.set.Prefers() {
		return false
	}
	for r.matchAt <= most && r.matchAt < taskset.Any {
		for r.set.PrefersAt(r.matchAt) && r.matched < r.set.Len() {
			i := int32(r.matched)
			if !r.set.Waits(i) {
				r.matched++
				continue
			}
			if e := c.freeAt(r, i, r.matchAt); e != nil && c.take(r, e, r.matchAt) {
				return true
			}
			r.matched++
		}
		r.matchAt, r.matched = farther(r.matchAt), 0
	}
	return false
}

// freeAt gives an executor that fits a task and is at this level from one of the places that it prefers, or nil.
func (c *Core) freeAt(r *run, i int32, level taskset.Level) (e *executor) {
	for _, at := range r.set.Places(i) {
		switch level {
		case taskset.Process:
			if x := c.executor(at.Executor); at.OnExecutor && x != nil && x.fitsTask(r, i) {
				e = x
			}
		case taskset.Node:
			if h := c.hosts[at.Host]; h != nil {
				e = h.free().find(r, i)
			}
		case taskset.Rack:
			if k := c.racks[at.Rack]; k != nil {
				e = k.free.find(r, i)
			}
		}
		if e != nil {
			return e
		}
	}
	return nil
}

// launch gives a task, which the run's set has started, to an executor with a free slot.
func (c *Core) launch(r *run, i int32, try ids.TaskAttempt, level taskset.Level, e *executor) {
	if !r.inLine() {
		c.dequeue(r)
	}
	c.noteLaunch(r, level)
	a := c.addAttempt(r, i, try, e)
	c.takeSlots(a)
	if r.copies != nil {
		c.sendOff(a)
	}
	if r.shipped.add(int(e.id)) {
		c.orders.ship(e, r.ref, r.listing.number)
	}
	l := task.Launch{Ref: a.ref, ID: a.id}
	if splits := r.stage.spec.Splits; splits != nil {
		l.Split = splits[a.ref.Partition]
		c.warnOfSize(r, len(l.Split))
	}
	if needs := r.ask.resources; len(needs) > 0 {
		g := e.stock.Take(needs)
		c.grants[a.id], l.Resources = g, e.stock.Names(g)
	}
	c.orders.launch(e, c.given.launch(Launch{e.id, l}))
	if c.cfg.Publish {
		c.do(TaskStarted{a.ref, a.id, e.id, e.host.name, level, a.twin != nil})
	}
}

// inputsThere says that the map outputs are all there that a run needs. When places of them have come or gone since executors
// were told, they will be told anew.
func (c *Core) inputsThere(r *run) bool {
	version := 0
	for _, p := range r.needs {
		in := c.outputs.Find(p)
		if !in.Complete() {
			return false
		}
		version += in.Version()
	}
	if version != r.listing.version {
		r.relist(version)
	}
	return true
}

// watchStarvation warns, from time to time, that tasks wait and none runs.
func (c *Core) watchStarvation() {
	if c.attempts.len() > 0 || !c.cfg.Publish && !c.cfg.Warn {
		c.starveAt = 0
		return
	}
	r := c.queue.first()
	switch {
	case r == nil:
		c.starveAt = 0
	case c.starveAt == 0:
		c.starving, c.starveAt = c.now, c.now+c.cfg.StarvationPeriod
	case c.now >= c.starveAt:
		c.starveAt = c.now + c.cfg.StarvationPeriod
		c.warn(Starving{r.ref, r.set.Waiting(), c.alive, c.now - c.starving})
	}
}
