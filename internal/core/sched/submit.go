package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// submit brings a stage to run: at once when the map outputs that it reads are all there, else after the stages that are missing.
func (c *Core) submit(s *stage) {
	switch s.state.(type) {
	case waiting, running, failing:
		return // it is on its way
	}
	if len(s.jobs) == 0 {
		return
	}
	ready := true
	for _, p := range s.spec.Parents {
		if c.outputs.Available(p) {
			continue
		}
		ready = false
		s.state = waiting{}
		c.submit(c.byShuffle[p])
	}
	if ready {
		c.start(s)
	}
}

// start begins an attempt with the partitions that are missing.
func (c *Core) start(s *stage) {
	parts := c.missing(s)
	if len(parts) == 0 {
		s.state = known{}
		c.finish(s)
		return
	}
	ref := ids.StageRef{Stage: s.id, Attempt: s.next}
	s.next++
	var prefer func(int32) []taskset.Place
	if s.spec.Prefer != nil {
		prefer = func(p int32) []taskset.Place {
			places := make([]taskset.Place, 0, len(s.spec.Prefer[p]))
			for _, x := range s.spec.Prefer[p] {
				places = append(places, taskset.Place{Executor: x.Executor, Host: x.Host, OnExecutor: x.OnExecutor})
			}
			return places
		}
	}
	s.state = running{taskset.New(ref, parts, s.spec.Partitions, prefer)}
	at, _ := slices.BinarySearchFunc(c.runnable, s, func(a, b *stage) int {
		if a.priority() != b.priority() {
			return int(a.priority()) - int(b.priority())
		}
		return int(a.id) - int(b.id)
	})
	c.runnable = slices.Insert(c.runnable, at, s)
}

// priority serves jobs first in, first out.
func (s *stage) priority() ids.JobID {
	if len(s.jobs) == 0 {
		return 0
	}
	return s.jobs[0].spec.ID
}

// missing lists the partitions that an attempt must compute.
func (c *Core) missing(s *stage) []int32 {
	if s.spec.IsMap {
		return c.outputs.Missing(s.spec.Shuffle)
	}
	j := s.jobs[0]
	return slices.DeleteFunc(slices.Clone(j.wanted), func(p int32) bool { return j.got[p] })
}

// finish ends a stage whose tasks are all done. A map stage may have lost outputs meanwhile: then it runs again.
func (c *Core) finish(s *stage) {
	c.leave(s, done{})
	s.strikes = 0
	if !s.spec.IsMap {
		return
	}
	if !c.outputs.Available(s.spec.Shuffle) {
		s.state = known{}
		c.submit(s)
		return
	}
	for _, j := range slices.Clone(s.jobs) {
		if j.spec.MapStage && j.final == s {
			c.completeJob(j)
		}
	}
	for _, j := range slices.Clone(s.jobs) {
		for _, child := range j.stages {
			if _, ok := child.state.(waiting); ok && slices.Contains(child.spec.Parents, s.spec.Shuffle) {
				child.state = known{}
				c.submit(child)
			}
		}
	}
}

// resubmitFailed submits the stages whose fetch failures were gathered long enough.
func (c *Core) resubmitFailed() {
	if len(c.failed) == 0 || c.now < c.resubmitAt {
		return
	}
	again := c.failed
	c.failed = nil
	slices.SortFunc(again, func(a, b *stage) int { return int(a.id) - int(b.id) })
	for _, s := range again {
		if _, ok := s.state.(failing); ok {
			s.state = known{}
			c.submit(s)
		}
	}
}

// releaseShuffle forgets a shuffle that nobody can ask for, and its stage.
func (c *Core) releaseShuffle(id ids.ShuffleID) {
	s := c.byShuffle[id]
	if s != nil && len(s.jobs) > 0 {
		return // a job that was submitted before still reads it; the files go with the application
	}
	if s != nil {
		c.stop(s, "the shuffle is no longer needed")
		delete(c.byShuffle, id)
		c.stages[s.id] = nil
	}
	c.outputs.Remove(id)
	c.do(DropShuffle{id})
}
