package health

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Tracker is what the application knows of where tasks failed. It is not safe for concurrent use. A nil Tracker allows everything.
type Tracker struct {
	cfg      Config
	failures []remembered            // of successful task sets, soonest forgotten first
	counts   map[ids.ExecutorID]int  // of these; looked up, never ranged over
	execs    map[ids.ExecutorID]Time // excluded, until when; looked up, never ranged over
	hosts    map[string]Time         // excluded, until when; looked up, never ranged over
	onHost   map[string]int          // excluded executors; looked up, never ranged over
	due      []exclusion             // all that is excluded, soonest to end first
}

// remembered is a failure, until it is forgotten.
type remembered struct {
	until    Time
	executor ids.ExecutorID
}

// exclusion is an executor, or else a host.
type exclusion struct {
	until    Time
	ofHost   bool
	executor ids.ExecutorID
	host     string
}

// New gives a tracker, or nil when the configuration excludes nothing.
func New(c Config) *Tracker {
	if !c.TaskAndStage && !c.Application && !c.Fetch {
		return nil
	}
	return &Tracker{
		cfg: c.withDefaults(), counts: map[ids.ExecutorID]int{},
		execs: map[ids.ExecutorID]Time{}, hosts: map[string]Time{}, onHost: map[string]int{},
	}
}

// Refuses gives the rule by which no task may go to an executor, or None.
func (t *Tracker) Refuses(executor ids.ExecutorID, host string) Rule {
	if t == nil || len(t.due) == 0 {
		return None
	}
	if _, excluded := t.hosts[host]; excluded {
		return ApplicationOnHost
	}
	if _, excluded := t.execs[executor]; excluded {
		return ApplicationOnExec
	}
	return None
}

// Succeeded says that all tasks of a set are done: what failed before was not the tasks' own fault. It is said once.
func (t *Tracker) Succeeded(now Time, s *Set) (facts []Fact) {
	if t == nil || !t.cfg.Application || s.Clean() {
		return nil
	}
	for _, f := range s.failures {
		t.remember(f.executor, f.last+t.cfg.Timeout)
	}
	t.forget(now)
	for _, f := range s.failures {
		if n := t.counts[f.executor]; n >= t.cfg.AppOnExecutor {
			facts = t.exclude(facts, now, f.executor, f.host, n)
		}
	}
	return facts
}

// remember notes a failure, where it is forgotten after all that are forgotten no later.
func (t *Tracker) remember(executor ids.ExecutorID, until Time) {
	at, _ := slices.BinarySearchFunc(t.failures, until+1, func(f remembered, until Time) int { return cmp.Compare(f.until, until) })
	t.failures = slices.Insert(t.failures, at, remembered{until, executor})
	t.counts[executor]++
}

// forget drops the failures that are too old.
func (t *Tracker) forget(now Time) {
	old := 0
	for old < len(t.failures) && t.failures[old].until <= now {
		executor := t.failures[old].executor
		if t.counts[executor]--; t.counts[executor] == 0 {
			delete(t.counts, executor)
		}
		old++
	}
	t.failures = slices.Delete(t.failures, 0, old)
}

// exclude excludes an executor that is not, and with it perhaps its host.
func (t *Tracker) exclude(facts []Fact, now Time, executor ids.ExecutorID, host string, failures int) []Fact {
	if _, already := t.execs[executor]; already {
		return facts
	}
	facts = t.excludeExecutor(facts, now, executor, host, failures)
	if n := t.onHost[host]; n >= t.cfg.AppOnHost {
		facts = t.excludeHost(facts, now, host, n)
	}
	return facts
}

// excludeExecutor excludes an executor that is not, for so many failed tasks, or for map outputs when there are none.
func (t *Tracker) excludeExecutor(facts []Fact, now Time, executor ids.ExecutorID, host string, failures int) []Fact {
	if _, already := t.execs[executor]; already {
		return facts
	}
	until := now + t.cfg.Timeout
	t.execs[executor] = until
	t.onHost[host]++
	t.await(exclusion{until: until, executor: executor, host: host})
	return append(facts, Fact{Rule: ApplicationOnExec, Executor: executor, Host: host, Failures: failures, Until: until, Ending: t.cfg.Ending})
}

// excludeHost excludes a host that is not, for so many excluded executors, or for map outputs when there are none.
func (t *Tracker) excludeHost(facts []Fact, now Time, host string, executors int) []Fact {
	if _, already := t.hosts[host]; already {
		return facts
	}
	until := now + t.cfg.Timeout
	t.hosts[host] = until
	t.await(exclusion{until: until, ofHost: true, executor: ids.Driver, host: host})
	return append(facts, Fact{Rule: ApplicationOnHost, Executor: ids.Driver, Host: host, Failures: executors, Until: until, Ending: t.cfg.Ending})
}

// await enters an exclusion where it ends after all that end no later.
func (t *Tracker) await(x exclusion) {
	at, _ := slices.BinarySearchFunc(t.due, x.until+1, func(o exclusion, until Time) int { return cmp.Compare(o.until, until) })
	t.due = slices.Insert(t.due, at, x)
}

// FetchFailed says that a map output could not be read which an executor holds.
func (t *Tracker) FetchFailed(now Time, executor ids.ExecutorID, host string) []Fact {
	switch {
	case t == nil || !t.cfg.Fetch:
		return nil
	case t.cfg.FetchByHost:
		return t.excludeHost(nil, now, host, 0)
	}
	return t.excludeExecutor(nil, now, executor, host, 0)
}

// Removed says that an executor is gone. Its exclusion stays until its time is over, so that it counts against its host.
func (t *Tracker) Removed(executor ids.ExecutorID) {
	if t == nil || t.counts[executor] == 0 {
		return
	}
	delete(t.counts, executor)
	t.failures = slices.DeleteFunc(t.failures, func(f remembered) bool { return f.executor == executor })
}

// Next gives when Expire has something to do.
func (t *Tracker) Next() (at Time, ok bool) {
	if t == nil || len(t.due) == 0 {
		return 0, false
	}
	return t.due[0].until, true
}

// Expire includes again what was excluded long enough.
func (t *Tracker) Expire(now Time) (facts []Fact) {
	if t == nil {
		return nil
	}
	t.forget(now)
	for len(t.due) > 0 && t.due[0].until <= now {
		x := t.due[0]
		t.due = slices.Delete(t.due, 0, 1)
		f := Fact{Rule: ApplicationOnHost, Included: true, Executor: x.executor, Host: x.host}
		if x.ofHost {
			delete(t.hosts, x.host)
		} else {
			f.Rule = ApplicationOnExec
			delete(t.execs, x.executor)
			if t.onHost[x.host]--; t.onHost[x.host] == 0 {
				delete(t.onHost, x.host)
			}
		}
		facts = append(facts, f)
	}
	return facts
}

// Check gives an error when an invariant is broken.
func (t *Tracker) Check() error {
	if t == nil {
		return nil
	}
	for i, f := range t.failures {
		if t.counts[f.executor] <= 0 || i > 0 && t.failures[i-1].until > f.until {
			return fmt.Errorf("health: %d failures are counted of executor %v, and one is remembered until %v", t.counts[f.executor], f.executor, f.until)
		}
	}
	hosts := 0
	for i, x := range t.due {
		until, excluded := t.execs[x.executor]
		if x.ofHost {
			hosts++
			until, excluded = t.hosts[x.host]
		}
		if !excluded || until != x.until || i > 0 && t.due[i-1].until > x.until {
			return fmt.Errorf("health: %+v is excluded until %v (%v)", x, until, excluded)
		}
	}
	if hosts != len(t.hosts) || len(t.due)-hosts != len(t.execs) {
		return fmt.Errorf("health: %d hosts and %d executors are excluded, %d of %d wait for their end", len(t.hosts), len(t.execs), hosts, len(t.due))
	}
	return nil
}
