package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// stage is one stage, and all its attempts.
type stage struct {
	id      ids.StageID
	spec    StageSpec
	jobs    []*job // active ones that use it, by ID
	state   state
	next    ids.StageAttempt
	old     []*taskset.Set // sets of earlier attempts that still have tasks running
	strikes int            // attempts in a row that ended in fetch failures
}

// A state is where a stage stands.
type state interface{ state() }

// The states.
type (
	known   struct{}                   // nobody has asked for it yet, or nobody does any more
	waiting struct{}                   // for the map outputs of its parents
	running struct{ set *taskset.Set } // one attempt
	failing struct{}                   // an attempt ended in a fetch failure; it is submitted again at Core.resubmitAt
	done    struct{}                   // computed; for a map stage: all map outputs were there
)

func (known) state()   {}
func (waiting) state() {}
func (running) state() {}
func (failing) state() {}
func (done) state()    {}

// stageFor gives the stage of a spec: the one that writes the same shuffle, or a new one.
func (c *Core) stageFor(spec *StageSpec, j *job) *stage {
	if spec.IsMap {
		if s := c.byShuffle[spec.Shuffle]; s != nil {
			s.spec = *spec // the newest lineage: what is cached now is in its body
			return s
		}
	}
	s := &stage{id: ids.StageID(len(c.stages)), spec: *spec, state: known{}}
	c.stages = append(c.stages, s)
	if spec.IsMap {
		c.byShuffle[spec.Shuffle] = s
		c.outputs.Add(spec.Shuffle, spec.Partitions, spec.Reduces)
	}
	return s
}

// set gives the set of an attempt, or nil when nothing of it is left.
func (s *stage) set(a ids.StageAttempt) *taskset.Set {
	if r, ok := s.state.(running); ok && r.set.Ref.Attempt == a {
		return r.set
	}
	for _, o := range s.old {
		if o.Ref.Attempt == a {
			return o
		}
	}
	return nil
}

// current gives the set of the running attempt, or nil.
func (s *stage) current() *taskset.Set {
	if r, ok := s.state.(running); ok {
		return r.set
	}
	return nil
}

// leave ends the running attempt: its tasks may go on, but none is launched. Executors may forget it; they keep what they need
// for tasks that are still there.
func (c *Core) leave(s *stage, to state) {
	set := s.current()
	s.state = to
	if set == nil {
		return
	}
	set.Zombie = true
	c.runnable = slices.DeleteFunc(c.runnable, func(o *stage) bool { return o == s })
	set.Shipped(func(e ids.ExecutorID) {
		if c.executor(e) != nil {
			c.do(ForgetStage{e, set.Ref})
		}
	})
	if set.Running() > 0 {
		s.old = append(s.old, set)
	}
}

// retire drops the set of an attempt that is over when its last task has ended.
func (s *stage) retire(set *taskset.Set) {
	if set.Running() == 0 && set.Zombie {
		s.old = slices.DeleteFunc(s.old, func(o *taskset.Set) bool { return o == set })
	}
}

// stop ends a stage that nobody wants any more and kills its tasks.
func (c *Core) stop(s *stage, reason string) {
	c.failed = slices.DeleteFunc(c.failed, func(o *stage) bool { return o == s })
	if _, ok := s.state.(done); !ok {
		c.leave(s, known{})
	}
	if len(s.old) == 0 {
		return
	}
	for _, e := range c.executors {
		if e != nil {
			c.killOn(e, s.id, reason)
		}
	}
}
