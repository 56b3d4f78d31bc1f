package sched

import (
	"github.com/kilnproject/kiln/internal/core/sched/commit"
	"github.com/kilnproject/kiln/internal/core/task"
)

// taskCalled answers what a running task attempt asks. Who has ended, or never was, gets no answer: nobody waits for it.
func (c *Core) taskCalled(ev TaskCalled) {
	a := c.attempts.get(ev.Call.Ref, ev.Call.ID)
	if a == nil || a.executor.id != ev.Executor || a.fetching != nil {
		return
	}
	answer := AnswerCall{ev.Executor, task.Reply{Ref: a.ref, Seq: ev.Call.Seq}}
	switch ev.Call.Kind {
	case task.Commit:
		answer.Reply.Refused = c.whyNotCommit(a)
	case task.Locate:
		answer.Reply.Places = c.locate(a, ev.Call.Block)
	default:
		c.meet(a, &ev.Call)
		return
	}
	c.do(answer)
}

// whyNotCommit says why a task attempt may not make its output visible, or nothing: then it may, and no other one of its task.
func (c *Core) whyNotCommit(a *attempt) string {
	s, p := a.run.stage, a.ref.Partition
	switch {
	case a.run.void:
		return commit.Ended.String()
	case len(s.jobs) == 0, a.run.gang != nil && a.run != s.current():
		return commit.NoStage.String()
	case s.has(p):
		return commit.Held.String()
	}
	c.commits.Open(s.id, s.spec.Partitions)
	if answer := c.commits.Ask(a.ref); answer != commit.Granted {
		return answer.String()
	}
	return ""
}

// endCommit takes the authority to commit from a task attempt that has ended without success.
func (c *Core) endCommit(a *attempt, fate task.Fate) {
	if c.commits.Stages() > 0 {
		c.commits.Ended(a.ref, fate)
	}
}

// reopenCommit lets a task commit again of which the output is lost.
func (c *Core) reopenCommit(s *stage, p int32) {
	if holder, ok := c.commits.Holder(s.id, p); ok {
		c.commits.Ended(holder, task.Lost)
	}
}
