package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// loseExecutor forgets an executor. Its tasks run again elsewhere, and so do map tasks whose output it had, when a stage needs
// them.
func (c *Core) loseExecutor(ev ExecutorLost) {
	e := c.executor(ev.ID)
	if e == nil {
		return
	}
	c.noteSurplus(e)
	e.gone = true
	c.executors[ev.ID] = nil
	c.alive--
	e.shape.alive--
	if e.takesTasks() {
		c.countActive(e, -1)
	}
	c.unoffer(e)
	e.shape.laden.remove(e)
	c.drainers.remove(e)
	c.missFlights(e)
	c.kept.lose(e.id)
	if e.host.executors.remove(e); e.host.executors.len() == 0 {
		delete(c.hosts, e.host.name)
	}
	if k := e.rack; k != nil {
		if k.executors--; k.executors == 0 {
			delete(c.racks, k.name)
		}
	}
	if e.exempt != "" {
		ev.Reason, ev.AppCaused = e.exempt, false
	}
	c.health.Removed(ev.ID)
	publish(c, ExecutorRemoved{ev.ID, ev.Reason})
	c.loseOutputsOf(ev.ID)
	err := &task.Error{Text: fmt.Sprintf("executor %v was lost: %s", ev.ID, ev.Reason)}
	for len(e.attempts) > 0 {
		c.loseAttempt(e.attempts[len(e.attempts)-1], err, ev.AppCaused)
	}
	c.giveUp()
}

// loseAttempt ends a task attempt whose executor is gone. It counts as a failure when the application brought the executor down;
// else only very many losses in a row do, and those that we brought about never.
func (c *Core) loseAttempt(a *attempt, err *task.Error, appCaused bool) {
	c.endCommit(a, task.Lost)
	r, i, at := a.run, a.index, a.executor.id
	if a.fetching != nil {
		r.stage.results.bytes -= a.fetching.bytes
	} else if c.cfg.Publish {
		end := task.End{Ref: a.ref, ID: a.id, Reason: task.EndReason{Fate: task.Lost, Error: err}}
		c.do(TaskDone{at, a.executor.host.name, end})
	}
	if appCaused {
		c.taskFailed(a, &task.EndReason{Fate: task.Lost, Error: err})
		return
	}
	if r.gang != nil {
		c.breakUp(a, taskset.Cause{Executor: at, Fate: task.Lost, Error: err}, false)
		return
	}
	counts := r.counts(i) && a.executor.exempt == ""
	c.leave(a)
	if counts && r.set.Lose(i) >= c.cfg.MaxFailures*lostPerFailure {
		c.abort(r.stage, r.failure(i, taskset.Cause{Executor: at, Fate: task.Lost, Error: err}))
	}
}

// giveUp fails all jobs when no executor is left and none will come.
func (c *Core) giveUp() {
	if c.unavailable == nil || c.alive > 0 {
		return
	}
	for len(c.jobs) > 0 {
		c.failJob(c.jobs[0], nowhere(ExecutorsLost, *c.unavailable))
	}
}
