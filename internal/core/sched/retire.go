package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// mostEarly is how many executors may be decommissioned before they register. It bounds what a mistaken manager can make the core
// remember.
const mostEarly = 1024

// decommission lets executors drain: they get no more tasks, and go when nothing that they have is needed, or at the deadline. One
// that has not registered does so when it does.
func (c *Core) decommission(ev ExecutorsDecommissioned) {
	for _, id := range ev.Executors {
		e := c.executor(id)
		switch {
		case e != nil:
			c.drain(e, ev)
		case id >= 0 && !c.seen.has(int(id)) && len(c.early) < mostEarly && c.earlyAt(id) < 0:
			ev.Executors = []ids.ExecutorID{id}
			c.early = append(c.early, ev)
		}
	}
}

// decommissionEarly drains an executor that was decommissioned before it registered.
func (c *Core) decommissionEarly(e *executor) {
	at := c.earlyAt(e.id)
	if at < 0 {
		return
	}
	ev := c.early[at]
	c.early = slices.Delete(c.early, at, at+1)
	c.drain(e, ev)
}

// earlyAt gives the place in Core.early of an executor that has not registered, or -1.
func (c *Core) earlyAt(id ids.ExecutorID) int {
	return slices.IndexFunc(c.early, func(ev ExecutorsDecommissioned) bool { return ev.Executors[0] == id })
}

func (c *Core) drain(e *executor, ev ExecutorsDecommissioned) {
	if e.phase != active {
		return
	}
	c.dismissed.add(int(e.id))
	e.exempt = "it was decommissioned: " + ev.Reason
	if ev.Within <= 0 {
		ev.Within = c.cfg.DrainWithin
	}
	e.replaced = ev.Replace
	c.retire(e, draining, ev.Reason)
	c.do(DrainExecutor{e.id, ev.Reason, ev.Replace})
	if ev.Within > 0 {
		c.alarms.set(c.now+ev.Within, e.id, deadlineDue)
		c.doom(e, c.now+ev.Within)
	}
	c.drained = append(c.drained, e)
}

// letDrainedGo moves what executors have that drain, and orders those to go that have nothing more that is needed: no task, no result, no
// map output that nobody else has, no cached partition that others are about to take, and no reader.
func (c *Core) letDrainedGo() {
	i := 0
	for ; i < len(c.drained) && c.room(); i++ {
		e := c.drained[i]
		if e.gone || e.phase != draining {
			continue
		}
		c.moveBlocks(e)
		switch {
		case len(e.attempts) == 0 && c.outputs.Sole(e.id) == 0 && !c.moves(e):
			if c.empty(e); len(e.departure.readers) == 0 {
				c.order(e, "it is drained", false)
			}
		default:
			c.letWait(e)
			if !c.room() {
				i-- // it may have more to move
			}
		}
	}
	c.more = c.more || i < len(c.drained) // the others follow at once
	left := copy(c.drained, c.drained[i:])
	clear(c.drained[left:])
	c.drained = c.drained[:left]
}

// lookAtDrainers looks at all that drain, when map outputs have come or gone, or executors that can take some.
func (c *Core) lookAtDrainers() { c.drained = append(c.drained, c.drainers.executors...) }

// killExecutors orders executors to go: not those that are going already, nor, unless forced, those that are busy.
func (c *Core) killExecutors(ev KillAsked) {
	for _, id := range ev.Executors {
		e := c.executor(id)
		if e == nil || e.phase == leaving || e.phase == suspected || len(e.attempts) > 0 && !ev.Force {
			continue
		}
		if e.exempt == "" && !ev.Count {
			e.exempt = "it was ordered to go: " + ev.Reason
		}
		c.order(e, ev.Reason, ev.Replace)
	}
}

// order tells an executor to go.
func (c *Core) order(e *executor, reason string, replace bool) {
	c.retire(e, leaving, reason)
	c.endExecutor(e, reason, replace)
}

// endExecutor has an executor ended, which may have been ordered to go before. In the place of one another is wanted once.
func (c *Core) endExecutor(e *executor, reason string, replace bool) {
	c.do(KillExecutor{e.id, reason, replace && !e.replaced})
	e.replaced = false
}

// noteSurplus is told of an executor that is gone. Whoever gives executors starts another one in the place of each that goes by itself: for
// one that drained and has been replaced that is one too many.
func (c *Core) noteSurplus(e *executor) {
	if e.replaced {
		e.shape.surplus++
	}
}

// endSurplus orders an executor to go that has just come, when there is one more than is wanted. Which one came in whose place nobody
// knows; this one has nothing yet.
func (c *Core) endSurplus(e *executor) {
	if e.shape.surplus > 0 {
		e.shape.surplus--
		c.order(e, "there are as many as are wanted", false)
	}
}

// loseHost forgets all executors of a host.
func (c *Core) loseHost(ev HostLost) {
	for _, id := range c.on(ev.Host) {
		c.loseExecutor(ExecutorLost{ID: id, Reason: ev.Reason})
	}
}

// on gives the living executors of a host, by id.
func (c *Core) on(name string) (list []ids.ExecutorID) {
	if h := c.hosts[name]; h != nil {
		for _, e := range h.executors.executors {
			list = append(list, e.id)
		}
	}
	slices.Sort(list)
	return list
}
