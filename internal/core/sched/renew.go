package sched

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/health"
)

// A task that may go to none of the executors needs another one. So an idle one of those that it keeps away from is renewed: it goes, and
// another comes in its place of which nobody knows anything bad. Spark does the same, also where killExcludedExecutors is off. Where none
// is idle it fails the stage at once, unless executors come and go with the load; here the stage waits for one that becomes idle, as long as
// it would wait for another reason.
//
// A run has one executor renewed for each time that it is stuck, and those that are stuck beside it wait for the same one. So nothing goes
// round in circles when what comes is of no use either, because its host is excluded or because nothing comes.

// renewal is that an executor of a shape made room.
type renewal struct {
	executor ids.ExecutorID
	until    Time // when nobody waits any more for another one in its place
}

// renew lets executors make room for runs that are stuck because all are excluded for them, and for which none has been looked for since that
// or anything else about executors has changed.
func (c *Core) renew(stuck []*run) {
	for _, r := range stuck {
		if !r.member.Waiting() || r.renewal != nil {
			continue
		}
		if w := r.shape.renewal; w != nil && c.now < w.until {
			r.renewal = w
			continue
		}
		e := c.leastNeeded(r)
		if e == nil {
			c.idleWanted = true
			continue
		}
		r.renewal = &renewal{e.id, c.now + c.cfg.UnschedulableWait}
		r.shape.renewal = r.renewal
		c.makeRoom(e, fmt.Sprintf("it makes room for another one, which %v needs: %s", r.ref, r.stuck))
	}
}

// closed says that a task of a run may go to no machine that there is, whoever comes there, for as long as the run lasts. The application
// excludes machines for a time only, and a barrier stage trusts them again.
func (c *Core) closed(r *run) bool {
	if len(c.cfg.Hosts) == 0 || r.gang != nil {
		return false
	}
	i, is := c.outcast(r)
	return is && !slices.ContainsFunc(c.cfg.Hosts, func(host string) bool {
		rule := r.health.Refuses(i, ids.Driver, host)
		return rule != health.StageOnHost && rule != health.TaskFailedOnHost
	})
}

// leastNeeded gives the executor to renew for a run that is stuck, or nil when none is idle: one whose host may have others that will do, if
// there is one; that alone holds the fewest map outputs; that was idle for longest. On a host that the application excludes none is renewed:
// who comes there is refused.
func (c *Core) leastNeeded(r *run) (best *executor) {
	i, _ := c.outcast(r)
	for _, e := range c.executors {
		if e == nil || e.shape != r.shape || e.phase != active || len(e.attempts) > 0 || !e.serves(r) {
			continue
		}
		if c.health.Refuses(e.id, e.host.name) == health.ApplicationOnHost {
			continue
		}
		if best == nil || c.lessNeeded(e, best, func(e *executor) bool { return r.health.Refuses(i, e.id, e.host.name).OfHost() }) {
			best = e
		}
	}
	return best
}

func (c *Core) lessNeeded(a, b *executor, badHost func(*executor) bool) bool {
	if bad := badHost(a); bad != badHost(b) {
		return !bad
	}
	return cmp.Or(cmp.Compare(c.outputs.Sole(a.id), c.outputs.Sole(b.id)), cmp.Compare(a.idle, b.idle), cmp.Compare(a.id, b.id)) < 0
}

// makeRoom has an executor go so that another one comes. One that drains has half the time of those that wait for it: the other half is for
// the one that comes.
func (c *Core) makeRoom(e *executor, why string) {
	if c.cfg.Health.DrainIdle {
		c.drain(e, ExecutorsDecommissioned{Reason: why, Within: c.cfg.UnschedulableWait / 2, Replace: true})
		return
	}
	c.order(e, why, true)
}

// hopeless says that a run was stuck for too long.
func (c *Core) hopeless(r *run) *JobFailure {
	text := r.stuck
	if r.renewal != nil {
		text += fmt.Sprintf("; executor %v made room for another one", r.renewal.executor)
	}
	switch {
	case r.closed && len(c.cfg.Hosts) == 1:
		text += fmt.Sprintf(", and there are no executors on another machine than %s", c.cfg.Hosts[0])
	case r.closed:
		text += fmt.Sprintf(", and there are no executors on other machines than %s", strings.Join(c.cfg.Hosts, ", "))
	default:
		text += fmt.Sprintf(", and that did not change within %v", c.stuckWait(r))
	}
	if r.gang == nil && !r.closed {
		text += " (kiln.scheduler.excludeOnFailure.unschedulableTaskSetTimeout)"
	}
	why := r.stage.blame(Unschedulable, -1, text)
	for _, i := range r.suspects {
		if first, failed := r.set.First(i); failed && r.set.Waits(i) {
			why.Executor, why.Cause = first.Executor, first.Error
			break
		}
	}
	return why
}
