package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched/mapout"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// taskEnded does what the end of a task attempt asks for.
func (c *Core) taskEnded(ev *TaskEnded) {
	a := c.claim(ev)
	if a == nil {
		return
	}
	if c.cfg.Publish {
		c.do(TaskDone{a.executor.id, a.executor.host.name, ev.End})
	}
	c.endCommit(a, ev.End.Reason.Fate)
	switch ev.End.Reason.Fate {
	case task.Success:
		a.run.pace.add(ev.End.Metrics.Run)
		a.told(ev.End.Metrics.RowsIn, ev.End.Metrics.BytesRead+ev.End.Metrics.ShuffleRead)
		c.succeeded(a, &ev.End)
	case task.FetchFailed:
		c.fetchFailed(a, &ev.End.Reason)
	case task.Killed, task.CommitDenied:
		c.notDone(a, &ev.End.Reason)
	default:
		c.taskFailed(a, &ev.End.Reason)
	}
}

// claim gives the task attempt that has ended, and frees its slot: the one place where stale answers die. An answer is stale when its
// attempt has ended before, or was never launched there: it is told twice, or comes from an executor that is lost.
func (c *Core) claim(ev *TaskEnded) *attempt {
	e, a := c.executor(ev.Executor), c.attempts.get(ev.End.Ref, ev.End.ID)
	if a == nil || a.executor != e || a.fetching != nil {
		return nil
	}
	c.freeSlots(e, a) // not a.executor: a processor reads what the event names while it waits for the attempt
	c.freed = e
	return a
}

// succeeded counts a result or a map output once, whichever attempt of the stage it comes from.
func (c *Core) succeeded(a *attempt, end *task.End) {
	s, r := a.run.stage, a.run
	if r.gang != nil && r == s.current() {
		c.answer(r, r.gang.room.Leave(a.index))
	}
	switch {
	case r.void:
		c.commits.Ended(a.ref, task.Lost) // it was there first, and does not count
		if end.Stored {
			c.do(DropResult{a.executor.id, a.id})
		}
		c.leave(a)
	case len(s.jobs) == 0 || s.has(end.Ref.Partition) || r.gang != nil && r != s.current():
		if s.isMap() && s.has(end.Ref.Partition) {
			s.outputs.Add(end.Ref.Partition, a.executor.id, task.Sizes{}, end.Digest)
		}
		if end.Stored {
			c.do(DropResult{a.executor.id, a.id})
		}
		c.leave(a)
	case s.isMap():
		c.mapDone(a, end)
	default:
		c.resultDone(a, end)
	}
}

// notDone ends an attempt that has not failed, and has not done its task.
func (c *Core) notDone(a *attempt, why *task.EndReason) {
	if a.run.gang != nil {
		c.breakUp(a, taskset.Cause{Executor: a.executor.id, Fate: why.Fate, Error: why.Error}, false)
		return
	}
	if why.Fate == task.CommitDenied {
		a.marks |= isHopeless
	}
	c.leave(a)
}

// mapDone registers a map output.
func (c *Core) mapDone(a *attempt, end *task.End) {
	s, p := a.run.stage, end.Ref.Partition
	if why := checkSizes(&end.Sizes, s.outputs.Reduces()); why != "" {
		c.taskFailed(a, &task.EndReason{Fate: task.Failed, Error: &task.Error{Text: why}})
		return
	}
	added := s.outputs.Add(p, a.executor.id, end.Sizes, end.Digest)
	if len(end.Updates) > 0 && s.merged.add(int(p)) {
		c.do(MergeUpdates{end.Updates})
	}
	c.partitionDone(s, p, a)
	c.leave(a)
	if added == mapout.Changed {
		c.rollBack(s, p)
	}
	c.mapWent(s)
}

// mapWent goes on with a map stage that has got one more output.
func (c *Core) mapWent(s *stage) {
	switch r := s.current(); {
	case s.outputs.Complete():
		c.finishMap(s)
	case r != nil && r.set.Done() == r.set.Len():
		// What was there when the attempt began has been lost since.
		c.closeRun(r, idle{}, "")
		c.submit(s)
	}
}

func checkSizes(sizes *task.Sizes, reduces int) string {
	if n := len(sizes.Codes); n != reduces {
		return fmt.Sprintf("the map task told the sizes of %d reduce partitions of %d", n, reduces)
	}
	if err := sizes.Check(reduces); err != nil {
		return fmt.Sprintf("the map task told %v", err)
	}
	return ""
}

// resultDone takes a result, or sends for it when it is still at the executor.
func (c *Core) resultDone(a *attempt, end *task.End) {
	s := a.run.stage
	bytes := max(end.ResultSize, int64(len(end.Result)))
	s.results.bytes += bytes
	if limit := c.cfg.MaxResultSize; limit > 0 && s.results.bytes > limit {
		why := s.blame(ResultTooLarge, end.Ref.Partition, fmt.Sprintf(
			"the results so far take %d bytes, and kiln.driver.maxResultSize allows %d", s.results.bytes, limit))
		why.Executor = a.executor.id
		if end.Stored {
			c.do(DropResult{a.executor.id, a.id})
		}
		c.leave(a)
		c.abort(s, why)
		return
	}
	if end.Stored {
		c.attempts.fetch(a, &fetching{bytes, end.Updates})
		c.do(FetchResult{a.executor.id, a.id, bytes})
		return
	}
	c.deliver(a, end.Result, end.Updates)
}

// deliver counts a result. The last one completes the job.
func (c *Core) deliver(a *attempt, value []byte, updates []task.Update) {
	if a.run.gang != nil {
		c.holdBack(a, value, updates)
		return
	}
	s, p := a.run.stage, a.ref.Partition
	j := s.jobs[0]
	s.results.had.add(int(p))
	s.results.left--
	if len(updates) > 0 {
		c.do(MergeUpdates{updates})
	}
	c.do(c.given.result(DeliverResult{j.spec.ID, p, value}))
	c.partitionDone(s, p, a)
	c.leave(a)
	if s.results.left == 0 {
		c.completeJob(j)
	}
}

func (c *Core) resultFetched(ev ResultFetched) {
	if a := c.attempts.fetched(ev.Task); a != nil {
		c.do(DropResult{a.executor.id, a.id})
		c.deliver(a, ev.Value, a.fetching.updates)
	}
}

// resultLost lets the task run again: its result was there, and could not be had.
func (c *Core) resultLost(ev ResultLost) {
	if a := c.attempts.fetched(ev.Task); a != nil {
		c.do(DropResult{a.executor.id, a.id})
		a.run.stage.results.bytes -= a.fetching.bytes
		c.taskFailed(a, &task.EndReason{Fate: task.Failed, Error: &task.Error{Text: ev.Reason}})
	}
}

// giveUpFetch ends an attempt whose result is on its way and is not wanted.
func (c *Core) giveUpFetch(a *attempt) {
	a.run.stage.results.bytes -= a.fetching.bytes
	if !a.executor.gone {
		c.do(DropResult{a.executor.id, a.id})
	}
	c.leave(a)
}

// partitionDone tells every attempt of the stage that a partition is done, and stops other tries at it; by is nil when no task did it.
func (c *Core) partitionDone(s *stage, p int32, by *attempt) {
	if r := s.current(); r != nil {
		c.taskDone(r, p, by)
	}
	for i := len(s.over) - 1; i >= 0; i-- {
		c.taskDone(s.over[i], p, by)
	}
}

func (c *Core) taskDone(r *run, p int32, by *attempt) {
	i, ok := r.set.Index(p)
	if !ok {
		return
	}
	r.set.Succeed(i)
	r.copies.done(i)
	if !r.inLine() {
		c.dequeue(r)
	}
	var twin *attempt
	for a := r.heads[i]; a != nil; a = twin {
		twin = a.twin
		switch {
		case a == by:
			c.stopClock(a, true)
		case a.fetching != nil:
			c.giveUpFetch(a)
		default:
			c.beat(a)
			c.kill(a, "another attempt succeeded")
		}
	}
}

// taskFailed counts a failure against its task; one too many ends every job that uses the stage.
func (c *Core) taskFailed(a *attempt, why *task.EndReason) {
	c.endCommit(a, task.Failed)
	if a.run.gang != nil {
		c.breakUp(a, taskset.Cause{Executor: a.executor.id, Fate: why.Fate, Error: why.Error}, true)
		return
	}
	r, i, at := a.run, a.index, a.executor.id
	counts := r.counts(i)
	e := a.executor
	a.marks |= isHopeless
	c.leave(a)
	if !counts {
		return
	}
	c.failedAt(r, i, e)
	err := why.Error
	if err == nil {
		err = &task.Error{Text: "the task " + why.Fate.String() + " and did not say why"}
	}
	failures, first := r.set.Fail(i, taskset.Cause{Executor: at, Fate: why.Fate, Error: err})
	if err.Final {
		first = taskset.Cause{Executor: at, Fate: why.Fate, Error: err}
	}
	if err.Final || failures >= c.cfg.MaxFailures {
		c.abort(r.stage, r.failure(i, first))
	}
}

// counts says that a failure of a task counts: somebody wants it, and no attempt has done it.
func (r *run) counts(i int32) bool {
	return len(r.stage.jobs) > 0 && !r.set.Closed() && !r.set.IsDone(i)
}

// failure says that a task failed for good.
func (r *run) failure(i int32, first taskset.Cause) *JobFailure {
	kind := TaskFailed
	if first.Fate == task.Lost {
		kind = ExecutorsLost
	}
	why := r.stage.blame(kind, r.set.Partition(i), first.Error.Text)
	why.Attempts, why.Executor, why.Cause = r.set.Tries(i), first.Executor, first.Error
	return why
}

// triedTooOften says that a stage had as many attempts as it may have, with what ended the last ones.
func (s *stage) triedTooOften() *JobFailure {
	why := s.blame(FetchesFailed, -1, fmt.Sprintf("the stage had %d attempts, which is the limit (kiln.stage.maxAttempts)", s.next))
	why.Attempts = int(s.next)
	if first := s.strikes.first; first != nil {
		why.Reason += "; map outputs were lost: " + first.err.Text
		why.Partition, why.Executor, why.Cause = first.partition, first.executor, first.err
	}
	return why
}
