package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// Check gives an error when an invariant is broken. It is for tests and simulation: it looks at everything.
func (c *Core) Check() error {
	for _, check := range []func() error{c.outputs.Check, c.checkKept, c.checkJobs, c.checkStages, c.checkExecutors, c.checkAttempts, c.checkQueue} {
		if err := check(); err != nil {
			return fmt.Errorf("sched: %w", err)
		}
	}
	return nil
}

func (c *Core) checkJobs() error {
	for i, j := range c.jobs {
		if i > 0 && c.jobs[i-1].spec.ID >= j.spec.ID {
			return fmt.Errorf("job %d is out of order", j.spec.ID)
		}
		for _, s := range j.stages {
			if !slices.Contains(s.jobs, j) || c.stage(s.id) != s {
				return fmt.Errorf("job %d uses stage %d, which does not know", j.spec.ID, s.id)
			}
		}
		if s := j.final(); !s.isUnderWay() {
			return fmt.Errorf("job %d: nothing is done for its stage %d, which is %s", j.spec.ID, s.id, s.state.name())
		}
	}
	return nil
}

func (c *Core) checkStages() error {
	for _, s := range c.stages {
		if err := c.checkState(s); err != nil {
			return fmt.Errorf("stage %d, %s, %d jobs: %w", s.id, s.state.name(), len(s.jobs), err)
		}
		runs := s.over
		if r := s.current(); r != nil {
			runs = append(slices.Clone(runs), r)
		}
		for _, r := range runs {
			if err := c.checkRun(r); err != nil {
				return fmt.Errorf("%v: %w", r.ref, err)
			}
		}
	}
	return nil
}

func (c *Core) checkState(s *stage) error {
	switch st := s.state.(type) {
	case waiting:
		// Others may have been lost while it waits, or what is over them may be cached now: that is looked at when this one is there.
		if !slices.ContainsFunc(s.spec.Parents, func(p ids.ShuffleID) bool {
			parent := c.byShuffle[p]
			return parent.isUnderWay() && slices.Contains(parent.waiters, s)
		}) {
			return fmt.Errorf("waits for no parent that is under way")
		}
	case ready:
		if !slices.Contains(c.lacking, s) {
			return fmt.Errorf("is forgotten")
		}
	case running:
		if len(s.jobs) == 0 || st.run.set.Closed() || st.run.set.Done() == st.run.set.Len() {
			return fmt.Errorf("has nothing to run")
		}
	case done:
		if s.isMap() && !s.outputs.Complete() {
			return fmt.Errorf("lacks outputs")
		}
	}
	if (s.isUnderWay() || len(s.waiters) > 0) && len(s.jobs) == 0 {
		return fmt.Errorf("is wanted by nobody")
	}
	if !s.isMap() && len(s.jobs) != 1 {
		return fmt.Errorf("is a result stage")
	}
	return nil
}

func (c *Core) checkRun(r *run) error {
	if err := r.set.Check(); err != nil {
		return err
	}
	isCurrent := r.stage.current() == r
	switch {
	case isCurrent == r.set.Closed():
		return fmt.Errorf("is current: %v, closed: %v", isCurrent, r.set.Closed())
	case !isCurrent && r.set.Running() == 0:
		return fmt.Errorf("is over and not forgotten")
	case c.attempts.runs[r.ref] != r:
		return fmt.Errorf("cannot be found")
	case r.member.Waiting() != r.inLine():
		return fmt.Errorf("has %d tasks waiting and wants %d copies; in line: %v", r.set.Waiting(), r.copies.wanted(), r.member.Waiting())
	}
	if err := c.checkCopies(r); err != nil {
		return err
	}
	for i := range int32(r.set.Len()) {
		if isCurrent && r.gang == nil && r.set.IsDone(i) != r.stage.has(r.set.Partition(i)) {
			return fmt.Errorf("task %d is done: %v, and the stage has it: %v", i, r.set.IsDone(i), !r.set.IsDone(i))
		}
		n := 0
		for a := r.heads[i]; a != nil; a = a.twin {
			if n++; a.index != i || a.run != r || !slices.Contains(a.executor.attempts, a) {
				return fmt.Errorf("%v is at the wrong place", a.ref)
			}
		}
		if n != r.set.Copies(i) {
			return fmt.Errorf("task %d has %d attempts and counts %d", i, n, r.set.Copies(i))
		}
	}
	return nil
}

func (c *Core) checkExecutors() error {
	alive, free := 0, 0
	counted := make([]shape, len(c.shapes))
	for id, e := range c.executors {
		if e == nil {
			continue
		}
		alive++
		n := &counted[e.shape.profile]
		n.alive++
		if e.takesTasks() {
			n.open++
			n.slots += e.slots
			n.vacant += max(0, e.slots-e.used)
		}
		used, slow := 0, int32(0)
		for at, a := range e.attempts {
			if k := a.run.copies; k != nil {
				if _, found := k.judge.Runs(a.index, int32(a.ref.Try)); found {
					slow++
				}
			}
			if a.executor != e || e.seatOf(a) != at || c.attempts.get(a.ref, a.id) != a || (a.fetching != nil) != (c.attempts.fetched(a.id) == a) {
				return fmt.Errorf("executor %d: %v is at the wrong place", id, a.ref)
			}
			if a.fetching == nil {
				used += a.run.ask.slots
			}
		}
		if e.gone || int(e.id) != id || used != e.used || slow != e.slow || used > e.slots*(1+c.cfg.Ahead) || c.hosts[e.host.name] != e.host {
			return fmt.Errorf("executor %d: %d slots, %d used, counted %d", id, e.slots, used, e.used)
		}
		if (used < e.slots && e.takesTasks()) != (e.free != 0) || (e.free != 0) != (e.freeHost != 0) {
			return fmt.Errorf("executor %d: %d of %d slots used, free at %d and %d", id, used, e.slots, e.free, e.freeHost)
		}
		if (used > e.slots) != (e.laden != 0) || e.laden != 0 && e.shape.laden.executors[e.laden-1] != e {
			return fmt.Errorf("executor %d: %d of %d slots used, laden at %d", id, used, e.slots, e.laden)
		}
		if e.alone && (e.host.executors.len() != 1 || e.host.turns.len() != 0) {
			return fmt.Errorf("executor %d is alone on a host with %d executors", id, e.host.executors.len())
		}
		if (e.phase == draining) != (e.drains != 0) || e.onHost == 0 {
			return fmt.Errorf("executor %d is %v, drains at %d, on its host at %d", id, e.phase, e.drains, e.onHost)
		}
		if e.free != 0 {
			if free++; e.shape.free.executors[e.free-1] != e || !e.alone && e.host.turns.executors[e.freeHost-1] != e {
				return fmt.Errorf("executor %d is at the wrong place", id)
			}
		}
	}
	for i, s := range c.shapes {
		if n := &counted[i]; int(s.profile) != i || n.alive != s.alive || n.open != s.open || n.slots != s.slots || n.vacant != s.vacant {
			return fmt.Errorf("profile %d has %d executors, of which %d with %d slots take tasks, %d of them free; counted %d, %d, %d, %d",
				i, n.alive, n.open, n.slots, n.vacant, s.alive, s.open, s.slots, s.vacant)
		}
	}
	for _, ev := range c.early {
		if c.seen.has(int(ev.Executors[0])) {
			return fmt.Errorf("executor %v has registered, and is still waited for to drain", ev.Executors[0])
		}
	}
	if alive != c.alive || free != c.offered {
		return fmt.Errorf("%d executors live, %d have free slots; counted %d, %d", alive, free, c.alive, c.offered)
	}
	return nil
}

func (c *Core) checkAttempts() error {
	on, granted := 0, 0
	for _, e := range c.executors {
		if e == nil {
			continue
		}
		on += len(e.attempts)
		for _, a := range e.attempts {
			if len(a.run.ask.resources) > 0 && a.fetching == nil {
				granted++
			}
		}
	}
	if granted != len(c.grants) {
		return fmt.Errorf("%d task attempts have resources, counted %d", granted, len(c.grants))
	}
	if on != c.attempts.len() {
		return fmt.Errorf("%d task attempts are known, executors have %d", c.attempts.len(), on)
	}
	return nil
}

// couldRun gives a task that waits and could run on an executor as it is.
func couldRun(r *run, e *executor) (int32, bool) {
	if !e.fits(r) {
		return 0, false
	}
	for i := range int32(r.set.Len()) {
		level := r.set.Level(i, e.spot())
		if r.set.Waits(i) && e.fitsTask(r, i) && (!r.delays || level <= r.delay.level || level == taskset.NoPreference) {
			return i, true
		}
	}
	return 0, false
}

func (c *Core) checkQueue() error {
	for r := range c.queue.all() {
		if r.stage.current() != r {
			return fmt.Errorf("%v is in line and not current", r.ref)
		}
	}
	if !c.begun || c.more || len(c.later) > 0 {
		return nil
	}
	for r := range c.queue.all() {
		if r.gang != nil {
			if err := c.checkGang(r); err != nil {
				return err
			}
			continue
		}
		for _, e := range r.shape.free.executors {
			if i, ok := couldRun(r, e); ok && !e.isHeld() {
				return fmt.Errorf("task %d of %v waits while executor %v has what it needs", i, r.ref, e.id)
			}
			if i, ok := c.couldCopy(r, e); ok && e.shape.holder == nil {
				return fmt.Errorf("task %d of %v has no copy while executor %v has what it needs", i, r.ref, e.id)
			}
		}
	}
	return nil
}

// isHeld says that a barrier stage holds the free slots of an executor.
func (e *executor) isHeld() bool {
	h := e.shape.holder
	return h != nil && e.roomAlone(h) > 0
}

// checkGang looks whether all tasks of a run wait, and have to.
func (c *Core) checkGang(r *run) error {
	room, n := 0, r.set.Len()
	for _, e := range r.shape.free.executors {
		room += e.roomNow(r)
	}
	switch h := r.shape.holder; {
	case !slices.Contains(c.gangs, r):
		return fmt.Errorf("%v is forgotten", r.ref)
	case r.set.Waiting() != n:
		return fmt.Errorf("%d of the %d tasks of %v wait, which is a barrier stage", r.set.Waiting(), n, r.ref)
	case room >= n && (h == nil || h == r):
		return fmt.Errorf("%v waits while executors have room for %d tasks of its %d", r.ref, room, n)
	}
	return nil
}

// Idle gives an error when anything is left of any job: what must hold once all have ended and all tasks have answered.
func (c *Core) Idle() error {
	if len(c.jobs) > 0 || c.attempts.len() > 0 || c.queue.first() != nil || len(c.later) > 0 {
		return fmt.Errorf("sched: %d jobs, %d task attempts and %d actions are left", len(c.jobs), c.attempts.len(), len(c.later))
	}
	if n := len(c.gangs); n > 0 {
		return fmt.Errorf("sched: %d barrier stages are left", n)
	}
	if n := c.commits.Stages(); n > 0 {
		return fmt.Errorf("sched: %d stages are left of which tasks may commit", n)
	}
	for _, s := range c.stages {
		if len(s.over) > 0 || !s.isMap() || s.retired || s.spec.Body != nil {
			return fmt.Errorf("sched: stage %d is left", s.id)
		}
	}
	return nil
}
