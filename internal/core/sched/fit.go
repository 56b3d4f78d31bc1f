package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/sched/resource"
)

// A task set asks for slots (Spark's task.cpus) and for other resources. Most ask for one slot and nothing else: these are plain, and
// any free slot will do for them. For the others executors are tried one after the other.

// ask is what each task of a run takes.
type ask struct {
	slots     int
	resources []resource.Need
}

func (s *StageSpec) ask() ask { return ask{max(1, s.Slots), s.Resources} }

func (a *ask) plain() bool { return a.slots == 1 && len(a.resources) == 0 }

// fits says that an executor has now what a task of a run asks for.
func (e *executor) fits(r *run) bool {
	a := &r.ask
	return e.shape == r.shape && e.free != 0 && e.slots-e.used >= a.slots && (len(a.resources) == 0 || e.stock.Fits(a.resources)) && !r.refuses(e)
}

// fitsTask says so for one task, which may be kept away; with -1 for those that may not.
func (e *executor) fitsTask(r *run, i int32) bool {
	return e.fits(r) && (i < 0 || !r.isChoosy() || r.health.Allowed(i, e.id, e.host.name))
}

// easy says that any free slot will do for any task of a run that does not care where it is.
func (r *run) easy() bool { return r.takesAny() && r.gang == nil }

// takesAny says that any free slot will do for a task of a run.
func (r *run) takesAny() bool { return r.ask.plain() && r.health.Clean() }

// could says that an executor would have it, if it did nothing else.
func (e *executor) could(r *run) bool {
	return e.shape == r.shape && e.takesTasks() && e.serves(r)
}

// serves says that an executor was started with as much.
func (e *executor) serves(r *run) bool {
	return e.slots >= r.ask.slots && e.stock.Could(r.ask.resources)
}

// checkNeeds says what makes it impossible for a stage to get what it asks for, or nothing.
func checkNeeds(s *StageSpec) string {
	switch {
	case s.Slots < 0:
		return fmt.Sprintf("asks for %d slots for each task", s.Slots)
	case !isProfile(s.Profile):
		return fmt.Sprintf("asks for executors of profile %d; there may be from 0 to %d", s.Profile, maxProfiles-1)
	}
	return resource.Check(s.Resources)
}

// watchUnschedulable fails the stages of which no executor could run a task, when that cannot change, or does not within a time.
func (c *Core) watchUnschedulable() {
	if !c.someMayBeStuck() {
		c.noneStuck()
		return
	}
	if c.watching = true; c.watchedAt != c.changes {
		c.watchedAt, c.idleWanted = c.changes, false
	}
	var outcast, hopeless []*run
	for r := range c.queue.all() {
		if c.lookIfStuck(r); r.excluded && !r.closed && r.soughtAt != c.changes {
			r.soughtAt = c.changes
			outcast = append(outcast, r)
		}
		switch {
		case r.closed:
			hopeless = append(hopeless, r)
		case r.stuck == "" || r.set.Running() > 0:
			r.stuckUntil = 0
		case r.stuckUntil == 0:
			r.stuckUntil = c.now + c.stuckWait(r)
		case c.now >= r.stuckUntil:
			hopeless = append(hopeless, r)
		}
	}
	for _, r := range hopeless {
		if r.member.Waiting() {
			c.abort(r.stage, c.hopeless(r))
		}
	}
	c.renew(outcast)
}

// noneStuck forgets which runs were stuck.
func (c *Core) noneStuck() {
	if !c.watching {
		return
	}
	c.watching, c.idleWanted = false, false
	for r := range c.queue.all() {
		r.stuck, r.excluded, r.closed, r.stuckUntil, r.renewal = "", false, false, 0, nil
	}
}

// lookIfStuck looks whether a run is stuck when something has changed that decides it.
func (c *Core) lookIfStuck(r *run) {
	if r.stuckAt == c.changes {
		return
	}
	r.stuckAt = c.changes
	c.trustAgain(r)
	if r.stuck, r.excluded = c.whyStuck(r); r.stuck == "" {
		r.renewal = nil
	}
	r.closed = r.excluded && c.closed(r)
}

// stuckWait is how long a run may be stuck.
func (c *Core) stuckWait(r *run) Time {
	if r.gang != nil {
		return c.cfg.BarrierWait
	}
	return c.cfg.UnschedulableWait
}

// someMayBeStuck says that not every run can use any slot of its shape, or that there is none while some executors are excluded.
func (c *Core) someMayBeStuck() bool {
	closed := func(s *shape) bool { return s.open == 0 }
	return c.demanding > 0 || c.health != nil && slices.ContainsFunc(c.shapes, closed)
}

// whyStuck says why no executor could run a task of a run, or nothing; and whether others like them could. All of them are looked at only
// after something about them has changed.
func (c *Core) whyStuck(r *run) (why string, excluded bool) {
	if r.renewal != nil && r.shape.open == 0 {
		return r.stuck, true // who comes in its place has not come yet
	}
	if r.shape.alive == 0 || r.easy() && r.shape.open > 0 {
		return "", false // it waits for the first one, or for a slot
	}
	could := func(e *executor) bool { return e != nil && e.could(r) }
	if !r.ask.plain() && !slices.ContainsFunc(c.executors, could) {
		return fmt.Sprintf("no executor%s has what one of its tasks asks for, %v", r.shape.ofProfile(), &r.ask), false
	}
	if why = c.excludedEverywhere(r); why != "" {
		return why, true
	}
	if r.gang != nil {
		why = c.tooFewSlots(r)
	}
	return why, false
}

// stuckWake gives when the next stage fails that no executor can run.
func (c *Core) stuckWake() (at Time, ok bool) {
	if !c.someMayBeStuck() {
		return 0, false
	}
	for r := range c.queue.all() {
		if t := r.stuckUntil; t > 0 && (!ok || t < at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// String gives what is asked for in words.
func (a *ask) String() string {
	text := fmt.Sprintf("slots: %d", a.slots)
	for _, n := range a.resources {
		text += fmt.Sprintf(", %s: %g", n.Name, float64(n.Amount)/resource.Unit)
	}
	return text
}
