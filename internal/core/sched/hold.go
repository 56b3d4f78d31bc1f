package sched

import "time"

// A barrier stage needs many slots at once. When other stages take each of them as it becomes free, it may wait for ever. So one that
// has waited for Config.BarrierHold although the executors have room for it holds the slots that become free, for as long as it has
// waited, while nothing else is launched there. When what runs takes longer than that the others get as much time, and so on, twice as
// long each time: no task lasts for ever, so one of these times is long enough, and the others have a share of the time all the same.

// holds says whether a gang that waits holds slots now, and until when that is so.
func (g *gang) holds(now, after Time) (holds bool, until Time) {
	waited := now - g.since
	if waited < after {
		return false, g.since + after
	}
	holds = true
	for span := after; ; span *= 2 {
		if waited < 2*span {
			return holds, g.since + 2*span
		}
		holds = !holds
	}
}

// mayHold says that a run waits for slots that there are.
func (c *Core) mayHold(r *run) bool {
	return c.cfg.BarrierHold > 0 && r.gang.could && r.member.Waiting()
}

// watchGangs notes since when barrier stages wait for slots that there are.
func (c *Core) watchGangs() {
	for _, r := range c.gangs {
		if !r.member.Waiting() {
			continue
		}
		c.lookIfStuck(r)
		if could := r.stuck == ""; could != r.gang.could {
			r.gang.could, r.gang.since = could, c.now
		}
	}
}

// chooseHolders finds the barrier stage that holds slots of each shape now: the oldest that may. What is free when one has ceased to
// hold is offered to all.
func (c *Core) chooseHolders() {
	if len(c.gangs) == 0 && !c.held {
		return
	}
	c.held = false
	for _, s := range c.shapes {
		was := s.holder
		s.holder = c.holderOf(s)
		c.held = c.held || s.holder != nil
		if was != nil && s.holder != was {
			c.freshly = append(c.freshly, s.free.executors...)
		}
	}
}

func (c *Core) holderOf(s *shape) *run {
	for _, r := range c.gangs {
		if r.shape != s || !c.mayHold(r) {
			continue
		}
		if holds, _ := r.gang.holds(c.now, c.cfg.BarrierHold); holds {
			return r
		}
	}
	return nil
}

// offerBeside launches a task of a run on an executor that is no use to the one that holds slots.
func (c *Core) offerBeside(holder, r *run) bool {
	if holder.takesAny() || r.gang != nil || r.set.Waiting() == 0 {
		return false // every executor is of use; and one barrier stage at a time is enough; and copies have time
	}
	most := c.accepts(r)
	for range r.shape.free.len() {
		if e := r.shape.free.next(); e.roomAlone(holder) == 0 && e.fits(r) && c.take(r, e, most) {
			return true
		}
	}
	return false
}

// gangWake gives the next moment at which something is due for a barrier stage.
func (c *Core) gangWake() (at Time, ok bool) {
	sooner := func(t time.Duration) {
		if !ok || t < at {
			at, ok = t, true
		}
	}
	for _, r := range c.gangs {
		if t, waits := r.gang.room.Wake(); waits {
			sooner(t)
		}
		if c.begun && c.mayHold(r) {
			_, t := r.gang.holds(c.now, c.cfg.BarrierHold)
			sooner(t)
		}
	}
	return at, ok
}
