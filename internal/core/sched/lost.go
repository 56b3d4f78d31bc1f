package sched

import "fmt"

// loseExecutor forgets an executor: its tasks run again elsewhere, and so do map tasks whose output only it had, when a stage needs
// them.
func (c *Core) loseExecutor(ev ExecutorLost) {
	e := c.executor(ev.ID)
	if e == nil {
		return
	}
	c.executors[ev.ID] = nil
	c.alive--
	c.outputs.Lose(ev.ID, c.outputLost)
	for _, t := range e.running {
		s := c.stage(t.ref.Stage)
		if s == nil {
			continue
		}
		set := s.set(t.ref.Attempt)
		if set == nil {
			continue
		}
		set.Ended(t.ref.Partition)
		if set == s.current() && c.lostTooOften(s, t.ref.Partition, ev) {
			continue
		}
		c.tryAgain(s, set, t.ref.Partition)
		s.retire(set)
	}
}

// lostTooOften counts the loss against the task, and ends the job when it was one too many.
func (c *Core) lostTooOften(s *stage, part int32, ev ExecutorLost) bool {
	set := s.current()
	var times, most int
	if ev.AppCaused {
		times, _ = set.Failed(part, nil)
		most = c.cfg.MaxFailures
	} else {
		times = set.Lost(part)
		most = c.cfg.MaxFailures * lostPerFailure
	}
	if times < most {
		return false
	}
	c.abort(s, s.blame(part, &JobFailure{Kind: ExecutorsLost, Attempts: set.Tries(part), Executor: ev.ID,
		Reason: fmt.Sprintf("the executor was lost under the task %d times, the last time executor %v: %s", times, ev.ID, ev.Reason)}))
	return true
}

// giveUp fails all jobs when no executor is left and none will come.
func (c *Core) giveUp(reason string) {
	if c.alive > 0 {
		return
	}
	for len(c.order) > 0 {
		c.failJob(c.order[0], &JobFailure{Kind: ExecutorsLost, Stage: -1, Partition: -1, Reason: reason})
	}
}
