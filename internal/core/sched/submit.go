package sched

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// submit brings a stage to run: at once when the map outputs that it reads are all there, else after the stages that they lack.
func (c *Core) submit(s *stage) {
	if s.isUnderWay() || len(s.jobs) == 0 {
		return
	}
	parents := c.missingParents(s)
	if len(parents) == 0 {
		if most := c.cfg.MaxStageTotal; most > 0 && int(s.next) >= max(most, c.cfg.MaxStageAttempts) {
			c.abort(s, s.triedTooOften())
			return
		}
		c.start(s)
		return
	}
	s.state = waiting{}
	if first := parents[0]; !slices.Contains(first.waiters, s) {
		first.waiters = append(first.waiters, s) // when it is done, the others are looked at again
	}
	for _, p := range parents {
		c.submit(p)
	}
}

// missingParents gives the stages that write what a stage needs and that have not all their outputs, by id.
func (c *Core) missingParents(s *stage) []*stage {
	var parents []*stage
	for _, p := range c.needs(s) {
		if parent := c.byShuffle[p]; !parent.outputs.Complete() && !slices.Contains(parents, parent) {
			parents = append(parents, parent)
		}
	}
	slices.SortFunc(parents, stageOrder)
	return parents
}

func stageOrder(a, b *stage) int { return cmp.Compare(a.id, b.id) }

// start begins an attempt at the partitions that are missing.
func (c *Core) start(s *stage) {
	if s.spec.Barrier && s.isMap() {
		c.dropOutputs(s) // all its tasks run again, or none
	}
	c.dropHalfKept(&s.spec)
	partitions, all := s.missing()
	n := len(partitions)
	if all {
		partitions, n = nil, s.spec.Partitions
	}
	r := &run{
		ref: ids.StageRef{Stage: s.id, Attempt: s.next}, stage: s, job: s.jobs[0], generation: s.generation,
		shape: c.shape(s.spec.Profile), ask: s.spec.ask(), set: taskset.New(n, partitions, c.placesOf(&s.spec)), heads: make([]*attempt, n),
	}
	s.next++
	s.state = running{r}
	if r.gang = c.newGang(s, n); r.gang != nil {
		c.gangs = append(c.gangs, r)
	}
	if r.delays = c.cfg.delays() && r.set.Prefers() && r.gang == nil; r.delays {
		r.delay.since = c.now
	}
	r.needs = c.needs(s)
	r.listing.version = c.versionOf(r.needs)
	r.health = c.health.Open(r.ref)
	c.remember(r)
	if c.cfg.Speculation.Enabled && r.gang == nil { // its tasks wait for each other: a copy would meet nobody
		r.copies = c.newCopies(r)
	}
	c.attempts.open(r)
	c.enter(r)
	c.enqueue(r)
	publish(c, StageSubmitted{r.ref, r.job.spec.ID, n})
	if n := len(s.spec.Body); n > largeBytes {
		c.warn(StageWarned{r.ref, fmt.Sprintf(
			"its functions and what they carry take %d KiB, which every executor gets anew for this stage: give large values to NewBroadcast, which all stages share", n>>10)})
	}
}

// finishMap ends a map stage that has all its outputs, and goes on with what waited for it.
func (c *Core) finishMap(s *stage) {
	if r := s.current(); r != nil {
		c.closeRun(r, done{}, "")
	}
	s.state, s.strikes, s.troubles, s.faulty, s.lacked = done{}, strikes{}, nil, false, nil
	for _, j := range slices.Clone(s.jobs) {
		if j.spec.MapStage && j.final() == s {
			c.completeJob(j)
		}
	}
	waiters := s.waiters
	s.waiters = nil
	slices.SortFunc(waiters, stageOrder)
	for _, w := range waiters {
		if _, ok := w.state.(waiting); ok {
			w.state = idle{}
			c.submit(w)
		}
	}
}

// retryRun ends an attempt that is not done. The stage is submitted again when losses have been gathered.
func (c *Core) retryRun(r *run, reason string) {
	s := r.stage
	c.closeRun(r, ready{}, reason)
	if r.gang != nil {
		c.disband(r, reason)
	}
	if len(c.lacking) == 0 {
		c.resubmitAt = c.now + c.cfg.ResubmitDelay
	}
	c.lacking = append(c.lacking, s)
}

// resubmit submits the stages whose losses were gathered long enough.
func (c *Core) resubmit() {
	if len(c.lacking) == 0 || c.now < c.resubmitAt {
		return
	}
	again := c.lacking
	c.lacking = nil
	slices.SortFunc(again, stageOrder)
	for _, s := range again {
		if _, ok := s.state.(ready); ok {
			s.state = idle{}
			c.submit(s)
		}
	}
}

// stopStage ends what is under way of a stage that no job uses any more.
func (c *Core) stopStage(s *stage, reason string) {
	isDone := !s.isMap() && s.results.left == 0
	switch r := s.current(); {
	case isDone && r != nil:
		c.closeRun(r, done{}, "")
	case isDone:
		s.state = done{}
	case r != nil:
		c.closeRun(r, idle{}, reason)
	case s.isUnderWay():
		s.state = idle{}
	}
	for i := len(s.over) - 1; i >= 0; i-- {
		c.killRun(s.over[i], reason)
	}
	s.strikes, s.troubles, s.waiters, s.lacked = strikes{}, nil, nil, nil
	c.commits.Close(s.id)
	s.spec.Body, s.spec.Splits, s.spec.Reads, s.spec.Prefer, s.spec.Kept, s.spec.Through = nil, nil, nil, nil, nil, nil
	if !s.isMap() || s.retired {
		c.dropStage(s)
	}
}

// releaseShuffle forgets a shuffle and the stage that writes it, as soon as no job uses them.
func (c *Core) releaseShuffle(id ids.ShuffleID) {
	s := c.byShuffle[id]
	switch {
	case s == nil:
	case len(s.jobs) > 0:
		s.retired = true
	default:
		c.dropStage(s)
	}
}
