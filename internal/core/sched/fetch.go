package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// fetchFailed ends a stage attempt of which a task could not read a map output. What is lost is computed again, and then the rest
// of this stage. It does not count as a failure of the task.
func (c *Core) fetchFailed(a *attempt, why *task.EndReason) {
	r, p, at := a.run, a.ref.Partition, a.executor.id
	s := r.stage
	if !slices.Contains(s.spec.Parents, why.Fetch.Shuffle) {
		c.taskFailed(a, why) // it makes no sense; an error that comes back must not come back for ever
		return
	}
	told := a.listing
	c.leave(a)
	if r.void || len(s.jobs) == 0 || r.ref.Attempt != s.next-1 {
		return // old news: what it complains of has been computed again since, or is about to be
	}
	excused := c.excuses(why.Fetch.Executor)
	if from := c.executor(why.Fetch.Executor); from != nil && c.health != nil && !excused {
		c.exclude(c.health.FetchFailed(c.now, from.id, from.host.name))
	}
	c.loseOutput(why.Fetch, r.ref)
	err := why.Error
	if err == nil {
		err = &task.Error{Text: "a map output could not be read"}
	}
	if r != s.current() { // another task of this attempt told before, and may have been excused
		if r.excused && !excused && s.isUnderWay() {
			c.blameAfterAll(r, blame{p, at, err})
		}
		return
	}
	if c.wasSkipped(r, why.Fetch.Shuffle) {
		c.retryRun(r, fmt.Sprintf("cached partitions were lost that are made of shuffle %d", why.Fetch.Shuffle))
		return
	}
	if r.gang == nil && c.looksElsewhere(r, told) {
		return // the task waits to run again; one of a barrier stage would meet nobody
	}
	c.failRun(r, blame{p, at, err}, excused)
}

// loseOutput removes what a failed fetch shows to be lost: one place of a map output, or with Map -1 all that an executor has. An executor to
// which this happens again, in another stage attempt, is not trusted with the rest either: else a broken disk would be found
// out one output at a time, and the stage give up before.
func (c *Core) loseOutput(f task.Fetch, by ids.StageRef) {
	if f.Map < 0 {
		c.loseOutputsOf(f.Executor)
		return
	}
	s := c.outputs.Find(f.Shuffle)
	if !s.Remove(f.Map, f.Executor) {
		return // it has been computed again elsewhere
	}
	if !s.Has(f.Map) {
		c.outputLost(f.Shuffle, f.Map, f.Executor)
	}
	c.lookAtDrainers()
	e := c.executor(f.Executor)
	switch {
	case e == nil:
	case e.blamed == nil:
		e.blamed = &by
	case *e.blamed != by:
		e.blamed = nil
		c.loseOutputsOf(e.id)
	}
}

// loseOutputsOf removes all map outputs that an executor has. Those that others have too are not lost.
func (c *Core) loseOutputsOf(e ids.ExecutorID) {
	c.lookAtDrainers()
	for _, l := range c.outputs.RemoveExecutor(e) {
		c.outputLost(l.Shuffle, l.Map, e)
	}
}

// outputLost says that a map partition has no output any more, which an executor had last. A running attempt that computed it does so again. Otherwise it waits
// until somebody asks for it.
func (c *Core) outputLost(shuffle ids.ShuffleID, mapPartition int32, last ids.ExecutorID) {
	s := c.byShuffle[shuffle]
	if s == nil {
		return // its jobs were failed for the loss of another output
	}
	s.faulty = s.faulty || !c.excuses(last)
	c.reopenCommit(s, mapPartition)
	if _, ok := s.state.(done); ok {
		s.state = idle{}
	}
	r := s.current()
	if r == nil {
		return
	}
	if r.gang != nil {
		c.outputOfGangLost(r, mapPartition)
		return
	}
	if i, ok := r.set.Index(mapPartition); ok {
		r.set.Reopen(i)
		r.copies.reopened(i)
		if r.set.Waits(i) {
			c.await(r, i)
		}
	}
}
