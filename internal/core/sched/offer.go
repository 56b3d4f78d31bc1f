package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// offer gives free slots to tasks that wait, in the order of the queue. Executors take turns, one task each, so that work spreads.
func (c *Core) offer() {
	if !c.mayOffer() {
		return
	}
	for c.free.len() > 0 {
		r := c.queue.first()
		if r == nil {
			return
		}
		if !c.room() {
			c.more = true
			return
		}
		switch {
		case !c.inputsThere(r):
			c.giveOrders() // before what may be too much for this Step
			c.failRun(r, c.missingInput(r))
		case r.set.Prefers() && r.matched < r.set.Len():
			c.match(r)
		default:
			e := c.free.next()
			i, try, level, _ := r.set.Take(e.id, e.host.name, taskset.Any)
			c.launch(r, i, try, level, e)
		}
	}
}

// match goes once over the tasks of a run and launches those that prefer a place with a free slot. A slot that frees later finds
// the tasks that prefer it by itself.
func (c *Core) match(r *run) {
	for r.matched < r.set.Len() && r.set.Waiting() > 0 && c.free.len() > 0 && c.room() {
		i := int32(r.matched)
		r.matched++
		if e := c.freeAt(r.set.Places(i)); e != nil {
			if try, level, ok := r.set.TakeTask(i, e.id, e.host.name); ok {
				c.launch(r, i, try, level, e)
			}
		}
	}
}

// freeAt gives an executor with a free slot at one of the places: that very executor if there is one, else one on the host.
func (c *Core) freeAt(places []Place) *executor {
	for _, at := range places {
		if e := c.executor(at.Executor); at.OnExecutor && e != nil && e.free != 0 {
			return e
		}
	}
	for _, at := range places {
		if h := c.hosts[at.Host]; h != nil && h.free.len() > 0 {
			return h.free.next()
		}
	}
	return nil
}

// launch gives a task, which the run's set has started, to an executor with a free slot.
func (c *Core) launch(r *run, i int32, try ids.TaskAttempt, level taskset.Level, e *executor) {
	if r.set.Waiting() == 0 {
		c.queue.remove(r)
	}
	c.takeSlot(e)
	a := c.addAttempt(r, i, try, e)
	if len(e.ships)+len(e.orders) == 0 {
		c.ordered = append(c.ordered, e)
	}
	if r.shipped.add(int(e.id)) {
		e.ships = append(e.ships, r.ref)
		c.promised++
	}
	l := task.Launch{Ref: a.ref, ID: a.id}
	if splits := r.stage.spec.Splits; splits != nil {
		l.Split = splits[a.ref.Partition]
	}
	e.orders = append(e.orders, l)
	c.promised++
	if c.cfg.Publish {
		c.do(TaskStarted{a.ref, a.id, e.id, e.host.name, level})
	}
}

// giveOrders gives the launches of this Step, those of one executor together.
func (c *Core) giveOrders() {
	for i, e := range c.ordered {
		for _, ref := range e.ships {
			c.do(ShipStage{e.id, ref})
		}
		for _, l := range e.orders {
			c.do(Launch{e.id, l})
		}
		clear(e.orders)
		e.ships, e.orders = e.ships[:0], e.orders[:0]
		c.ordered[i] = nil
	}
	c.ordered, c.promised = c.ordered[:0], 0
}

// inputsThere says that the map outputs are all there that the tasks of a run read.
func (c *Core) inputsThere(r *run) bool {
	for _, p := range r.stage.spec.Parents {
		if !c.outputs.Find(p).Complete() {
			return false
		}
	}
	return true
}

// missingInput says what a run can not go on without. Its tasks would be launched only to find that out.
func (c *Core) missingInput(r *run) blame {
	for _, p := range r.stage.spec.Parents {
		if in := c.outputs.Find(p); !in.Complete() {
			text := fmt.Sprintf("%d of %d map outputs of shuffle %d were lost", in.Maps()-in.Present(), in.Maps(), p)
			return blame{-1, ids.Driver, &task.Error{Text: text}}
		}
	}
	return blame{}
}

// watchStarvation publishes, from time to time, that tasks wait and none runs.
func (c *Core) watchStarvation() {
	if !c.cfg.Publish {
		return
	}
	r := c.queue.first()
	switch {
	case r == nil || len(c.attempts) > 0:
		c.starveAt = 0
	case c.starveAt == 0:
		c.starving, c.starveAt = c.now, c.now+c.cfg.StarvationPeriod
	case c.now >= c.starveAt:
		c.starveAt = c.now + c.cfg.StarvationPeriod
		c.do(Starving{r.ref, r.set.Waiting(), c.alive, c.now - c.starving})
	}
}
