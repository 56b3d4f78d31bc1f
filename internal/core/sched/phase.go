package sched

import "fmt"

// phase is where a living executor stands. Only an active one gets tasks; what runs on the others goes on.
type phase uint8

// The phases. An executor leaves each of the last three by being lost.
const (
	active    phase = iota
	draining        // decommissioned: it goes when it has nothing that is needed, or at its deadline
	suspected       // its link has ended, and nobody knows why yet
	leaving         // it was ordered to go
)

// String gives the phase in a word.
func (p phase) String() string {
	switch p {
	case active:
		return "active"
	case draining:
		return "draining"
	case suspected:
		return "suspected"
	case leaving:
		return "leaving"
	}
	return fmt.Sprintf("phase %d", p)
}

// retire takes an executor out of its turn. What waits there for a slot is recalled.
func (c *Core) retire(e *executor, to phase, reason string) {
	if e.takesTasks() {
		c.countActive(e, -1)
		c.unoffer(e)
		if e.used > e.slots {
			c.recallFrom(e, "its executor takes no more tasks")
		}
	}
	c.drainers.remove(e)
	if e.departure == nil {
		e.departure = &departure{}
	}
	if e.phase = to; to == draining {
		c.drainers.put(e)
	}
	if to != draining && len(c.kept.of(e.id)) > 0 {
		c.lookAtDrainers() // what it has is not elsewhere any more
	}
	publish(c, ExecutorChanged{e.id, to.String(), reason})
}

// suspect stops giving tasks to an executor whose link has ended. Those that run there are not lost yet: whose fault it is decides
// whether they count as failed.
func (c *Core) suspect(ev ExecutorSuspected) {
	e := c.executor(ev.ID)
	if e == nil || e.phase == suspected {
		return
	}
	c.retire(e, suspected, ev.Reason)
	e.departure.doubt = ev.Reason
	if c.cfg.ReasonWait > 0 {
		c.alarms.set(c.now+c.cfg.ReasonWait, e.id, reasonDue)
	}
}
