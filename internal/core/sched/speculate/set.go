package speculate

import "time"

// Set is the attempts of one stage attempt. It is not safe for concurrent use.
type Set struct {
	cfg    Config
	tasks  []state
	slots  int
	done   int
	times  median   // of those that won
	rate   average  // of those that won
	oldest *Attempt // of the attempts that may be candidates, by start
	newest *Attempt
	doomed int // of these, those whose executor will be killed
	stats  Stats
}

// state is one task.
type state struct {
	copies int16
	done   bool
	marked bool // it was a candidate, and is not again
}

// Attempt is one task attempt that runs.
type Attempt struct {
	task         int32
	copy         bool // begun while another one ran
	listed       bool // it may be a candidate
	dies         bool // at killedAt
	started      Time
	killedAt     Time
	input        int64 // bytes; 0 when nobody knows
	progress     Progress
	older, newer *Attempt // while listed
}

// Progress is how much a task attempt has read.
type Progress struct {
	Rows  int64
	Bytes int64
}

// Stats is what speculation did.
type Stats struct {
	Copies int           // that began
	Won    int           // of these, those that were first
	Wasted time.Duration // of a slot: attempts of tasks with a copy that ended without being first
}

// New gives a set of n tasks. Slots is how many tasks run at once on one executor.
func New(c Config, n, slots int) *Set {
	return &Set{cfg: c.withDefaults(), tasks: make([]state, n), slots: max(slots, 1)}
}

// Started says that an attempt of a task runs, which has so many bytes to read; 0 when nobody knows. Attempts start in order of time.
func (s *Set) Started(task int32, now Time, input int64) *Attempt {
	t := &s.tasks[task]
	a := &Attempt{task: task, copy: t.copies > 0, started: now, input: input}
	t.copies++
	if a.copy {
		s.stats.Copies++
	}
	if !t.marked {
		a.listed, a.older = true, s.newest
		if s.newest != nil {
			s.newest.newer = a
		} else {
			s.oldest = a
		}
		s.newest = a
	}
	return a
}

// Progress says how far an attempt is.
func (s *Set) Progress(a *Attempt, p Progress) { a.progress = p }

// Doomed says that the executor of an attempt is to be killed at a time.
func (s *Set) Doomed(a *Attempt, at Time) {
	if a.listed && !a.dies {
		s.doomed++
	}
	a.dies, a.killedAt = true, at
}

// Ended says that an attempt does not run any more. Won says that its task is done by it. The attempt is not used any more.
func (s *Set) Ended(a *Attempt, now Time, won bool, p Progress) {
	s.unlist(a)
	t, run := &s.tasks[a.task], now-a.started
	t.copies--
	if won {
		s.Done(a.task)
		s.times.add(run)
		s.rate.add(p, run, a.input > 0)
		if a.copy {
			s.stats.Won++
		}
		return
	}
	if a.copy || t.copies > 0 || t.done {
		s.stats.Wasted += run
	}
}

// unlist takes an attempt out of those that may be candidates.
func (s *Set) unlist(a *Attempt) {
	if !a.listed {
		return
	}
	if a.dies {
		s.doomed--
	}
	if a.older != nil {
		a.older.newer = a.newer
	} else {
		s.oldest = a.newer
	}
	if a.newer != nil {
		a.newer.older = a.older
	} else {
		s.newest = a.older
	}
	a.listed, a.older, a.newer = false, nil, nil
}

// Done says that a task is done, perhaps by an attempt of another stage attempt.
func (s *Set) Done(task int32) {
	if t := &s.tasks[task]; !t.done {
		t.done = true
		s.done++
	}
}

// Reopened says that what a task did is lost.
func (s *Set) Reopened(task int32) {
	if t := &s.tasks[task]; t.done {
		t.done = false
		s.done--
	}
}

// Stats gives what speculation did so far.
func (s *Set) Stats() Stats { return s.stats }
