package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// troubles is what ended the attempts of a barrier stage since it was last done. What counts for one task elsewhere counts for the
// stage here, once for each attempt.
type troubles struct {
	failures  int           // attempts that ended because a task failed
	losses    int           // attempts that ended through no fault of a task
	first     taskset.Cause // of those that count as failures
	partition int32         // where that was
	health    *health.Set   // where those that count as failures were; nil when nobody asks
}

func (s *stage) trouble() *troubles {
	if s.troubles == nil {
		s.troubles = &troubles{}
	}
	return s.troubles
}

// breakUp ends a run of a barrier stage, because one of its task attempts has ended without success. All of them start anew, unless
// that happened too often: as often as one task may fail, or lose its executor. What we brought about does not count.
func (c *Core) breakUp(a *attempt, cause taskset.Cause, counts bool) {
	r, s, i, e := a.run, a.run.stage, a.index, a.executor
	c.leave(a)
	if r != s.current() {
		return
	}
	if cause.Error == nil {
		cause.Error = &task.Error{Text: "the task was " + cause.Fate.String() + " and did not say why"}
	}
	t := s.trouble()
	switch {
	case counts:
		c.failedTogether(r, e)
		if t.failures++; t.failures == 1 || cause.Error.Final {
			t.first, t.partition = cause, r.set.Partition(i)
		}
	case e.exempt == "":
		t.losses++
	}
	switch {
	case counts && (cause.Error.Final || t.failures >= c.cfg.MaxFailures):
		c.abort(s, s.brokenUp(t.first, t.partition))
	case t.losses >= c.cfg.MaxFailures*lostPerFailure:
		c.abort(s, s.brokenUp(cause, r.set.Partition(i)))
	default:
		c.retryRun(r, cause.Error.Text)
	}
}

// brokenUp says that a barrier stage failed for good.
func (s *stage) brokenUp(cause taskset.Cause, partition int32) *JobFailure {
	kind := TaskFailed
	if cause.Fate == task.Lost || cause.Fate == task.Killed {
		kind = ExecutorsLost
	}
	why := s.blame(kind, partition, cause.Error.Text)
	why.Attempts, why.Executor, why.Cause = int(s.next), cause.Executor, cause.Error
	return why
}

// disband undoes what a run of a barrier stage has done that is over before it was done: its tasks are stopped, and what some of them
// gave is no use to the next attempt, of which all tasks compute again (its map outputs are dropped when that starts).
func (c *Core) disband(r *run, reason string) {
	s := r.stage
	c.killRun(r, "a task of its barrier stage ended: "+reason)
	for p := range int32(s.spec.Partitions) {
		c.reopenCommit(s, p)
	}
	if !s.isMap() {
		s.results.bytes = 0
	}
}

// dropOutputs removes what there is of the map outputs of a stage.
func (c *Core) dropOutputs(s *stage) {
	for p := range int32(s.spec.Partitions) {
		for _, at := range s.outputs.Holders(p) {
			s.outputs.Remove(p, at)
			c.reopenCommit(s, p)
		}
	}
	s.generation++ // executors that have one of them must not take it for that of the next attempt
	c.lookAtDrainers()
}

// outputOfGangLost ends a run of a barrier stage of which a task is done whose map output is gone.
func (c *Core) outputOfGangLost(r *run, p int32) {
	s := r.stage
	const why = "a map output was lost before all tasks of the stage were done"
	t := s.trouble()
	if t.losses++; t.losses >= c.cfg.MaxFailures*lostPerFailure {
		c.abort(s, s.brokenUp(taskset.Cause{Executor: ids.Driver, Fate: task.Lost, Error: &task.Error{Text: why}}, p))
		return
	}
	c.retryRun(r, why)
}

// holdBack keeps a result until all tasks of the run have given theirs. A job that had got some of them could not have the stage
// begin anew.
func (c *Core) holdBack(a *attempt, value []byte, updates []task.Update) {
	r, i := a.run, a.index
	r.gang.held[i] = heldBack{value, updates}
	r.set.Succeed(i)
	c.leave(a)
	if r.set.Done() < r.set.Len() {
		return
	}
	s, j := r.stage, r.stage.jobs[0]
	for i, h := range r.gang.held {
		p := r.set.Partition(int32(i))
		s.results.had.add(int(p))
		s.results.left--
		if len(h.updates) > 0 {
			c.do(MergeUpdates{h.updates})
		}
		c.do(c.given.result(DeliverResult{j.spec.ID, p, h.value}))
	}
	c.completeJob(j)
}

// forgetGang takes a run that is over from those that are looked at.
func (c *Core) forgetGang(r *run) {
	if at := slices.Index(c.gangs, r); at >= 0 {
		c.gangs = slices.Delete(c.gangs, at, at+1)
	}
}
