package speculate

import "time"

// Set is the attempts of one stage attempt. An attempt is named by its task and by which try of the task it is. It is not safe for
// concurrent use.
type Set struct {
	cfg    Config
	tasks  []state
	slots  int
	done   int
	times  median   // of those that won
	rate   average  // of those that won
	oldest *attempt // of the attempts that may be candidates, by start
	newest *attempt
	doomed int // of these, those whose executor will be killed
	stats  Stats
	all    *Stats   // of all sets that share it; nil when nobody asks
	spare  *attempt // free ones, linked by twin
}

// state is one task.
type state struct {
	running *attempt // its attempts, linked by twin
	done    bool
	marked  bool // it was a candidate, and is not again while it has attempts
}

// attempt is one task attempt that runs.
type attempt struct {
	task, try    int32
	copy         bool // begun while another one ran
	listed       bool // it may be a candidate
	found        bool // it was one
	dies         bool // at killedAt
	beaten       bool // at beatenAt, and has been counted until then
	started      Time
	killedAt     Time
	beatenAt     Time
	input        int64 // bytes; 0 when nobody knows
	progress     Progress
	twin         *attempt
	older, newer *attempt // while listed
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

// Add adds the other's figures.
func (s *Stats) Add(other Stats) {
	s.Copies += other.Copies
	s.Won += other.Won
	s.Wasted += other.Wasted
}

// New gives a set of n tasks. Slots is how many tasks run at once on one executor. What is counted is also added to all, unless nil.
func New(c Config, n, slots int, all *Stats) *Set {
	return &Set{cfg: c.WithDefaults(), tasks: make([]state, n), slots: max(slots, 1), all: all}
}

// SetSlots says how many tasks run at once on one executor from now on: executors have come or gone.
func (s *Set) SetSlots(n int) { s.slots = max(n, 1) }

// Runs says that an attempt has started and not ended, and whether it was found to deserve a copy.
func (s *Set) Runs(task, try int32) (runs, found bool) {
	a := s.find(task, try)
	return a != nil, a != nil && a.found
}

func (s *Set) find(task, try int32) *attempt {
	a := s.tasks[task].running
	for a != nil && a.try != try {
		a = a.twin
	}
	return a
}

// Started says that an attempt of a task runs, which has so many bytes to read; 0 when nobody knows. Attempts start in order of time. It
// does nothing for one that runs already.
func (s *Set) Started(task, try int32, now Time, input int64) {
	if s.find(task, try) != nil {
		return
	}
	t, a := &s.tasks[task], s.spare
	if a == nil {
		a = new(attempt)
	} else {
		s.spare = a.twin
	}
	*a = attempt{task: task, try: try, copy: t.running != nil, started: now, input: input, twin: t.running}
	t.running = a
	if a.copy {
		s.count(Stats{Copies: 1})
	}
	if !t.marked {
		s.list(a)
	}
}

func (s *Set) count(more Stats) {
	s.stats.Add(more)
	if s.all != nil {
		s.all.Add(more)
	}
}

// Progress says how far an attempt is. What is less than it said before is old news.
func (s *Set) Progress(task, try int32, p Progress) {
	if a := s.find(task, try); a != nil {
		a.progress = Progress{max(a.progress.Rows, p.Rows), max(a.progress.Bytes, p.Bytes)}
	}
}

// Doomed says that the executor of an attempt is to be killed at a time.
func (s *Set) Doomed(task, try int32, at Time) {
	a := s.find(task, try)
	if a == nil {
		return
	}
	if a.listed && !a.dies {
		s.doomed++
	}
	a.dies, a.killedAt = true, at
}

// Again says that a task may be a candidate again: the copy that it got did not come, or is gone. It does nothing unless exactly one
// attempt of the task runs.
func (s *Set) Again(task int32) {
	t := &s.tasks[task]
	a := t.running
	if a == nil || a.twin != nil || t.done || a.listed {
		return
	}
	t.marked = false
	s.list(a)
}

// Beaten says that another attempt was first: what this one did is wasted, and what it does until it ends.
func (s *Set) Beaten(task, try int32, now Time) {
	if a := s.find(task, try); a != nil && !a.beaten {
		a.beaten, a.beatenAt = true, now
		s.count(Stats{Wasted: now - a.started})
	}
}

// Ended says that an attempt does not run any more. Won says that its task is done by it. It returns whether the attempt was found to
// deserve a copy, and does nothing for one that does not run.
func (s *Set) Ended(task, try int32, now Time, won bool) (found bool) {
	a := s.find(task, try)
	if a == nil {
		return false
	}
	s.unlist(a)
	t, run := &s.tasks[task], now-a.started
	at := &t.running
	for *at != a {
		at = &(*at).twin
	}
	*at = a.twin
	switch {
	case won:
		s.Done(task)
		s.times.add(run)
		s.rate.add(a.progress, run, a.input)
		if a.copy {
			s.count(Stats{Won: 1})
		}
	case a.beaten:
		s.count(Stats{Wasted: now - a.beatenAt})
	case a.copy || t.running != nil || t.done:
		s.count(Stats{Wasted: run})
	}
	if t.running == nil {
		t.marked = false // what comes next is judged anew
	}
	found = a.found
	*a = attempt{twin: s.spare}
	s.spare = a
	return found
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
