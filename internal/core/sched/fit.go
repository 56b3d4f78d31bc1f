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
	return e.free != 0 && e.slots-e.used >= a.slots && (len(a.resources) == 0 || e.stock.Fits(a.resources))
}

// could says that an executor would have it, if it did nothing else.
func (e *executor) could(r *run) bool {
	return e.phase == active && e.slots >= r.ask.slots && e.stock.Could(r.ask.resources)
}

// checkNeeds says what makes it impossible for a stage to get what it asks for, or nothing.
func checkNeeds(s *StageSpec) string {
	if s.Slots < 0 {
		return fmt.Sprintf("asks for %d slots for each task", s.Slots)
	}
	return resource.Check(s.Resources)
}

// watchUnschedulable fails the stages of which no executor could run a task, when that does not change within a time.
func (c *Core) watchUnschedulable() {
	if c.demanding == 0 {
		return
	}
	var hopeless []*run
	for r := range c.queue.all() {
		switch {
		case r.ask.plain() || c.canRun(r):
			r.stuckUntil = 0
		case r.stuckUntil == 0:
			r.stuckUntil = c.now + c.cfg.UnschedulableWait
		case c.now >= r.stuckUntil:
			hopeless = append(hopeless, r)
		}
	}
	for _, r := range hopeless {
		if r.member.Waiting() {
			c.abort(r.stage, r.stage.blame(Unschedulable, -1, fmt.Sprintf(
				"no executor has what one of its tasks asks for, %v, and none came within %v", &r.ask, c.cfg.UnschedulableWait)))
		}
	}
}

// stuckWake gives when the next stage fails that no executor can run.
func (c *Core) stuckWake() (at Time, ok bool) {
	if c.demanding == 0 {
		return 0, false
	}
	for r := range c.queue.all() {
		if t := r.stuckUntil; t > 0 && (!ok || t < at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// canRun says that some executor could run the tasks of a run. All of them are looked at only after executors have come or gone.
func (c *Core) canRun(r *run) bool {
	if e := r.able; e != nil && !e.gone && e.could(r) {
		return true
	}
	if r.ableAt == c.changes {
		return r.able != nil
	}
	r.ableAt, r.able = c.changes, nil
	if at := slices.IndexFunc(c.executors, func(e *executor) bool { return e != nil && e.could(r) }); at >= 0 {
		r.able = c.executors[at]
	}
	return r.able != nil
}

// String gives what is asked for in words.
func (a *ask) String() string {
	text := fmt.Sprintf("slots: %d", a.slots)
	for _, n := range a.resources {
		text += fmt.Sprintf(", %s: %g", n.Name, float64(n.Amount)/resource.Unit)
	}
	return text
}
