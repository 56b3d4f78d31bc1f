package health

import "github.com/kilnproject/kiln/internal/core/ids"

// Set is what one stage attempt knows of where its tasks failed. It is not safe for concurrent use. A nil Set allows everything.
type Set struct {
	tracker  *Tracker
	stage    ids.StageRef
	failures []failure                     // in the order in which they began
	at       map[taskOn]int32              // in failures; looked up, never ranged over
	onHost   map[taskOnHost]int            // failures of a task on a host; looked up, never ranged over
	execs    map[ids.ExecutorID]*executors // looked up, never ranged over
	hosts    map[string]*executors         // looked up, never ranged over
}

// failure is that a task failed on an executor.
type failure struct {
	taskOn
	host  string
	count int
	last  Time
}

type taskOn struct {
	executor ids.ExecutorID
	task     int32
}

type taskOnHost struct {
	host string
	task int32
}

// executors is how bad an executor is, or the executors of a host.
type executors struct {
	count    int // failed tasks, or excluded executors
	excluded bool
}

// Open gives the set of a stage attempt. A nil tracker gives a nil set.
func (t *Tracker) Open(stage ids.StageRef) *Set {
	if t == nil {
		return nil
	}
	return &Set{tracker: t, stage: stage}
}

// Failed says that an attempt of a task failed on an executor, in a way that counts toward the task's limit of failures.
func (s *Set) Failed(now Time, task int32, executor ids.ExecutorID, host string) []Fact {
	if s == nil {
		return nil
	}
	if s.at == nil {
		s.at, s.onHost = map[taskOn]int32{}, map[taskOnHost]int{}
		s.execs, s.hosts = map[ids.ExecutorID]*executors{}, map[string]*executors{}
	}
	key := taskOn{executor, task}
	e := entry(s.execs, executor)
	at, again := s.at[key]
	if !again {
		at = int32(len(s.failures))
		s.at[key] = at
		s.failures = append(s.failures, failure{taskOn: key, host: host})
		e.count++
	}
	s.failures[at].count++
	s.failures[at].last = now
	s.onHost[taskOnHost{host, task}]++
	return s.judge(e, executor, host)
}

func entry[K comparable](of map[K]*executors, key K) *executors {
	e := of[key]
	if e == nil {
		e = &executors{}
		of[key] = e
	}
	return e
}

// judge excludes an executor for the stage attempt if it is too bad now, and with it perhaps its host.
func (s *Set) judge(e *executors, executor ids.ExecutorID, host string) (facts []Fact) {
	c := &s.tracker.cfg
	if !c.TaskAndStage || e.excluded || e.count < c.StageOnExecutor {
		return nil
	}
	e.excluded = true
	facts = append(facts, Fact{Rule: StageOnExecutor, Stage: s.stage, Executor: executor, Host: host, Failures: e.count})
	h := entry(s.hosts, host)
	if h.count++; !h.excluded && h.count >= c.StageOnHost {
		h.excluded = true
		facts = append(facts, Fact{Rule: StageOnHost, Stage: s.stage, Executor: ids.Driver, Host: host, Failures: h.count})
	}
	return facts
}

// Allowed says that a task may go to an executor.
func (s *Set) Allowed(task int32, executor ids.ExecutorID, host string) bool {
	return s.Refuses(task, executor, host) == None
}

// Refuses gives the rule by which a task may not go to an executor, the widest if there are several, or None.
func (s *Set) Refuses(task int32, executor ids.ExecutorID, host string) Rule {
	if s == nil {
		return None
	}
	if rule := s.tracker.Refuses(executor, host); rule != None || s.at == nil || !s.tracker.cfg.TaskAndStage {
		return rule
	}
	c := &s.tracker.cfg
	if h := s.hosts[host]; h != nil && h.excluded {
		return StageOnHost
	}
	if e := s.execs[executor]; e != nil && e.excluded {
		return StageOnExecutor
	}
	if s.onHost[taskOnHost{host, task}] >= c.TaskOnHost {
		return TaskFailedOnHost
	}
	if at, failed := s.at[taskOn{executor, task}]; failed && s.failures[at].count >= c.TaskOnExecutor {
		return TaskFailedThere
	}
	return None
}

// Clean says that no task has failed: only the application may exclude.
func (s *Set) Clean() bool { return s == nil || s.at == nil }
