package sched

import (
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
)

// How long task attempts run, and how far they are: what package speculate judges them by. The time of an attempt begins when it gets its
// slot: one that was launched ahead and waits for it does not run.

// sendOff says that a task attempt was launched: it runs, or waits for a slot of its executor.
func (c *Core) sendOff(a *attempt) {
	if a.executor.used > a.executor.slots {
		a.marks |= isBehind
		return
	}
	c.startClock(a)
}

// startClock says that a task attempt runs.
func (c *Core) startClock(a *attempt) {
	k := a.run.copies
	if k == nil {
		return
	}
	input := int64(0)
	if k.inputs != nil {
		input = k.inputs[a.ref.Partition]
	}
	k.judge.Started(a.index, int32(a.ref.Try), c.now, input)
	c.planCheck(a.run)
}

// nextBegins finds the task attempt that gets the slot which another one has left, on an executor where some wait: the one that was
// launched first.
func (c *Core) nextBegins(e *executor, left *attempt) {
	if left.marks.has(isBehind) {
		return // it never had one
	}
	var next *attempt
	for _, a := range e.attempts {
		if a.marks.has(isBehind) && (next == nil || a.id < next.id) {
			next = a
		}
	}
	if next != nil {
		next.marks &^= isBehind
		c.startClock(next)
	}
}

// stopClock says that a task attempt does not run any more, and whether its task is done by it.
func (c *Core) stopClock(a *attempt, won bool) {
	k := a.run.copies
	if k == nil {
		return
	}
	if k.judge.Ended(a.index, int32(a.ref.Try), c.now, won) {
		a.executor.slow--
	}
	c.planCheck(a.run)
}

// beat says that another attempt was first.
func (c *Core) beat(a *attempt) {
	if k := a.run.copies; k != nil {
		k.judge.Beaten(a.index, int32(a.ref.Try), c.now)
	}
}

// told says how much an attempt has read.
func (a *attempt) told(rows, bytes int64) {
	if k := a.run.copies; k != nil {
		k.judge.Progress(a.index, int32(a.ref.Try), speculate.Progress{Rows: rows, Bytes: bytes})
	}
}

func (c *Core) progressed(ev Progressed) {
	for _, t := range ev.Tasks {
		if a := c.attempts.named(t.Ref); a != nil && a.executor.id == ev.Executor {
			a.told(t.Rows, t.Bytes)
		}
	}
}

// doom says that what runs on an executor has time until then.
func (c *Core) doom(e *executor, until Time) {
	for _, a := range e.attempts {
		if k := a.run.copies; k != nil {
			k.judge.Doomed(a.index, int32(a.ref.Try), until)
			c.planCheck(a.run)
		}
	}
}

// planCheck sets the alarm for the next look at a run. One that is a little early stays.
func (c *Core) planCheck(r *run) {
	k := r.copies
	if r.set.Closed() {
		return
	}
	k.judge.SetSlots(r.shape.slots / max(1, r.shape.open) / r.ask.slots)
	at, ok := k.judge.Next(c.now)
	if !ok || k.nextCheck != 0 && k.nextCheck <= at+c.cfg.Speculation.Interval {
		return
	}
	k.nextCheck = at
	c.alarms.setRun(at, r, slowDue)
}

// findSlow looks which tasks of a run are slow.
func (c *Core) findSlow(r *run) {
	k := r.copies
	k.nextCheck = 0
	for _, found := range k.judge.Check(c.now) {
		a := r.heads[found.Task]
		if !found.Again {
			a.executor.slow++
		}
		if a.fetching != nil {
			continue
		}
		publish(c, Speculated{a.ref, a.executor.id, found.Rule, found.Run, found.Limit})
		if e := a.executor; e.used > e.slots {
			c.recallFrom(e, "what it waits behind is slow")
		}
		k.slow = append(k.slow, found.Task)
		k.unseen = true
	}
	if len(k.slow) > 0 {
		c.enqueue(r)
	}
	c.planCheck(r)
}
