package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// taskEnded does what the end of a task attempt asks for.
func (c *Core) taskEnded(ev TaskEnded) {
	s, set := c.claim(ev.Executor, &ev.End)
	if set == nil {
		return
	}
	switch ev.End.Reason.Fate {
	case task.Success:
		c.succeeded(s, set, ev)
	case task.FetchFailed:
		c.fetchFailed(s, set, ev)
	case task.Failed:
		c.taskFailed(s, set, ev)
	case task.Lost, task.Killed, task.CommitDenied:
		c.tryAgain(s, set, ev.End.Ref.Partition)
	}
	s.retire(set)
}

// succeeded counts a result or a map output once, whichever attempt of the stage it comes from.
func (c *Core) succeeded(s *stage, set *taskset.Set, ev TaskEnded) {
	part := ev.End.Ref.Partition
	news := set.Done(part)
	if cur := s.current(); cur != nil && cur != set {
		news = cur.Done(part) || news
	}
	if s.spec.IsMap {
		if news {
			c.outputs.Register(s.spec.Shuffle, part, ev.Executor, ev.End.Sizes)
			c.merge(&ev.End)
		}
		c.finishIfDone(s)
		return
	}
	if len(s.jobs) == 0 {
		return
	}
	j := s.jobs[0]
	if j.got[part] {
		c.finishIfDone(s)
		return
	}
	j.bytes += ev.End.ResultSize
	if limit := c.cfg.MaxResultSize; limit > 0 && j.bytes > limit {
		c.failJob(j, s.blame(part, &JobFailure{Kind: ResultTooLarge, Executor: ev.Executor, Reason: fmt.Sprintf(
			"the results of %d tasks take %d bytes, more than kiln.driver.maxResultSize allows (%d)", len(j.wanted)-j.left+1, j.bytes, limit)}))
		return
	}
	j.got[part] = true
	j.left--
	c.merge(&ev.End)
	c.do(DeliverResult{j.spec.ID, part, ev.End.Result})
	c.finishIfDone(s)
	if j.left == 0 {
		c.completeJob(j)
	}
}

func (c *Core) merge(end *task.End) {
	if len(end.Updates) > 0 {
		c.do(MergeUpdates{end.Updates})
	}
}

func (c *Core) finishIfDone(s *stage) {
	if set := s.current(); set != nil && set.Left() == 0 {
		c.finish(s)
	}
}

// taskFailed counts a failure; one too many ends every job that uses the stage.
func (c *Core) taskFailed(s *stage, set *taskset.Set, ev TaskEnded) {
	if set != s.current() {
		return // of an attempt that is over: whatever is missing runs in the new one
	}
	part, e := ev.End.Ref.Partition, ev.End.Reason.Error
	failures, first := set.Failed(part, e)
	if failures < c.cfg.MaxFailures && (e == nil || !e.Final) {
		c.tryAgain(s, set, part)
		return
	}
	text := "the task failed"
	if first != nil {
		text = first.Text
	}
	c.abort(s, s.blame(part, &JobFailure{Kind: TaskFailed, Attempts: failures, Executor: ev.Executor, Reason: text, Cause: first}))
}

// tryAgain puts a task back among the waiting ones.
func (c *Core) tryAgain(s *stage, set *taskset.Set, part int32) {
	if set == s.current() {
		set.Again(part)
	} else if cur := s.current(); cur != nil {
		cur.Again(part)
	}
}

// blame fills in where a failure was.
func (s *stage) blame(part int32, f *JobFailure) *JobFailure {
	f.Stage, f.Name, f.Site, f.Partition = s.id, s.spec.Name, s.spec.Site, part
	return f
}

// abort fails every job that needs the stage.
func (c *Core) abort(s *stage, why *JobFailure) {
	for _, j := range slices.Clone(s.jobs) {
		c.failJob(j, why)
	}
}

// fetchFailed gives up the attempt and runs again what is missing: the map tasks whose output is lost, then the rest of this stage.
func (c *Core) fetchFailed(s *stage, set *taskset.Set, ev TaskEnded) {
	f := ev.End.Reason.Fetch
	c.loseOutputs(f)
	if set != s.current() {
		return // an earlier task of this attempt told the same, and it is dealt with
	}
	s.strikes++
	reason := "a map output could not be read"
	if e := ev.End.Reason.Error; e != nil {
		reason = e.Text
	}
	if s.strikes >= c.cfg.MaxStageAttempts {
		c.abort(s, s.blame(ev.End.Ref.Partition, &JobFailure{Kind: FetchesFailed, Attempts: s.strikes, Executor: ev.Executor, Cause: ev.End.Reason.Error,
			Reason: fmt.Sprintf("%d attempts of the stage in a row lost map outputs, the last: %s", s.strikes, reason)}))
		return
	}
	c.leave(s, failing{})
	c.willResubmit(s)
}

// loseOutputs removes what a failed fetch showed to be lost: one output, or all of an executor that could not be reached.
func (c *Core) loseOutputs(f task.Fetch) {
	if f.Map >= 0 {
		if c.outputs.Unregister(f.Shuffle, f.Map, f.Executor) {
			c.outputLost(f.Shuffle, f.Map)
		}
		return
	}
	c.outputs.Lose(f.Executor, c.outputLost)
}

// outputLost lets a running map stage compute the partition again.
func (c *Core) outputLost(id ids.ShuffleID, part int32) {
	if s := c.byShuffle[id]; s != nil {
		if set := s.current(); set != nil {
			set.Undone(part)
		}
		if _, ok := s.state.(done); ok {
			s.state = known{}
		}
	}
}

func (c *Core) willResubmit(s *stage) {
	if len(c.failed) == 0 {
		c.resubmitAt = c.now + c.cfg.ResubmitDelay
	}
	c.failed = append(c.failed, s)
}
