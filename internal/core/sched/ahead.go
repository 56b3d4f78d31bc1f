package sched

import (
	"cmp"
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Between the end of a task and the start of the next one in its slot lies a message to the driver and one back. For short tasks
// that is longer than the task, so they are launched ahead: some wait on the executor until a slot there is free. What waits behind
// a task that turns out to be long is recalled as soon as a slot elsewhere has nothing to do.
const (
	// aheadWork is about how much work may wait for each slot: longer tasks are worth a message each.
	aheadWork = 2 * time.Millisecond
	// recallWait is how long task attempts may wait on executors while slots are free elsewhere and no task waits here.
	recallWait = 10 * time.Millisecond
	// pacedEnds is how many tasks must have ended before others are believed to be like them.
	pacedEnds = 4
)

// pace is how long the tasks of a run take.
type pace struct {
	mean time.Duration // moving: the last ones weigh most
	ends int
}

func (p *pace) add(took time.Duration) {
	took = max(took, 0)
	if p.ends++; p.ends == 1 {
		p.mean = took
		return
	}
	p.mean += (took - p.mean) / 8
}

// depth is how many task attempts of a run may wait for each slot of an executor: not more than its share of the tasks, so that no
// slot goes without.
func (c *Core) depth(r *run) int {
	if r.shape.holder != nil || r.pace.ends < pacedEnds || r.set.Prefers() || !r.easy() {
		return 0
	}
	work := int(aheadWork / max(r.pace.mean, time.Microsecond))
	return min(c.cfg.Ahead, work, r.set.Waiting()/max(r.shape.slots, 1))
}

// offerAhead fills up what waits on the executor where a task has ended, once half of it has gone: launches then share messages.
func (c *Core) offerAhead() {
	e := c.freed
	c.freed = nil
	if c.cfg.Ahead == 0 || e == nil || e.gone || !e.takesTasks() || e.wide+e.slow > 0 || e.used < e.slots {
		return
	}
	r := c.firstOf(e.shape)
	if r == nil || !c.inputsThere(r) {
		return
	}
	most := e.slots * (1 + c.depth(r))
	if e.used-e.slots > (most-e.slots)/2 {
		return
	}
	for e.used < most && r.set.Waiting() > 0 && c.room() {
		c.take(r, e, taskset.Any)
	}
}

// recall takes back what waits on executors when, for a while, slots of the same shape are free elsewhere and no task waits here for them.
func (c *Core) recall() {
	idles, due := false, c.recallAt != 0 && c.now >= c.recallAt
	for _, s := range c.shapes {
		if s.laden.len() == 0 || s.free.len() == 0 || c.firstOf(s) != nil {
			continue
		}
		idles = true
		for i := 0; due && i < s.laden.len(); i++ {
			c.recallFrom(s.laden.executors[i], "a slot elsewhere is free")
		}
	}
	switch {
	case !idles:
		c.recallAt = 0
	case c.recallAt == 0 || due:
		c.recallAt = c.now + recallWait
	}
}

// recallFrom orders the newest task attempts of an executor back, as many as there are beyond its slots. It starts them in the order in
// which they were launched, so these are the ones that wait.
func (c *Core) recallFrom(e *executor, reason string) {
	waiting := slices.DeleteFunc(slices.Clone(e.attempts), func(a *attempt) bool { return a.fetching != nil })
	slices.SortFunc(waiting, func(a, b *attempt) int { return cmp.Compare(a.id, b.id) })
	for _, a := range waiting[min(e.slots, len(waiting)):] {
		if !a.marks.has(isRecalled | isKilled) {
			a.marks |= isRecalled
			c.startClock(a) // one that does not even answer is slow
			c.do(Kill{e.id, task.Kill{Ref: a.ref, Reason: reason, Recall: true}})
		}
	}
}
