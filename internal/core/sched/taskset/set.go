package taskset

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Set is the tasks of one stage attempt. A task is named by its index, from zero to Len. It is not safe for concurrent use.
type Set struct {
	partitions []int32 // of each task, ascending; nil when task i is partition i
	tasks      []cell
	all        everywhere
	prefer     *preferred         // nil when no task prefers a place
	troubles   map[int32]*trouble // tasks that failed or lost their executor; looked up, never ranged over
	waiting    int                // tasks that Take may give; zero when closed
	copies     int                // task attempts that run
	done       int                // tasks that succeeded
	closed     bool               // gives no more tasks: a zombie, in Spark's words
}

// cell is the state of one task. It waits when it is not done, has no copies, and the set is not closed.
type cell struct {
	tries  int32 // task attempts so far, running ones included
	copies int16 // task attempts that run
	done   bool
}

// trouble is what went wrong with one task since it last succeeded.
type trouble struct {
	failures int   // those that count
	first    Cause // of them
	losses   int   // executors lost through no fault of the task
}

// Cause is why a task attempt failed.
type Cause struct {
	Executor ids.ExecutorID
	Fate     task.Fate
	Error    *task.Error
}

// New gives a set of n tasks. Partitions names their partitions in ascending order; nil says that task i is partition i. Places
// gives where a task prefers to run; nil says that none prefers any place.
func New(n int, partitions []int32, places func(partition int32) []Place) *Set {
	s := &Set{partitions: partitions, tasks: make([]cell, n), waiting: n}
	if places != nil {
		s.prefer = newPreferred(int32(n), func(i int32) []Place { return places(s.Partition(i)) })
	}
	return s
}

// Len is the number of tasks.
func (s *Set) Len() int { return len(s.tasks) }

// Waiting is the number of tasks that Take can give.
func (s *Set) Waiting() int { return s.waiting }

// Running is the number of task attempts that run.
func (s *Set) Running() int { return s.copies }

// Done is the number of tasks that succeeded.
func (s *Set) Done() int { return s.done }

// Closed says that the set gives no more tasks.
func (s *Set) Closed() bool { return s.closed }

// Partition gives the partition of a task.
func (s *Set) Partition(i int32) int32 {
	if s.partitions == nil {
		return i
	}
	return s.partitions[i]
}

// Index gives the task of a partition, if the set has it.
func (s *Set) Index(partition int32) (int32, bool) {
	if s.partitions == nil {
		return partition, partition >= 0 && int(partition) < len(s.tasks)
	}
	i, ok := slices.BinarySearch(s.partitions, partition)
	return int32(i), ok
}

// IsDone says that a task succeeded.
func (s *Set) IsDone(i int32) bool { return s.tasks[i].done }

// Copies is the number of attempts of a task that run.
func (s *Set) Copies(i int32) int { return int(s.tasks[i].copies) }

// Tries is the number of attempts of a task so far.
func (s *Set) Tries(i int32) int { return int(s.tasks[i].tries) }

func (s *Set) waits(i int32) bool {
	t := &s.tasks[i]
	return !t.done && t.copies == 0
}

// Take gives a task to run at a spot: the nearest that waits, at most so far from its data as max, or one that prefers no place. The
// task runs from now on, as its attempt number try. Only tasks are given that are allowed there; nil allows all.
func (s *Set) Take(at Spot, max Level, allowed func(i int32) bool) (i int32, try ids.TaskAttempt, level Level, ok bool) {
	if s.waiting == 0 {
		return 0, 0, 0, false
	}
	f := filter{s, allowed}
	if s.prefer != nil {
		if i, level, ok = s.prefer.pop(at, max, f); !ok {
			level = Any
		}
	} else {
		level = NoPreference
	}
	if !ok && (max == Any || s.prefer == nil) {
		i, ok = s.all.pop(int32(len(s.tasks)), f)
	}
	if !ok {
		return 0, 0, 0, false
	}
	return i, s.start(i), level, true
}

// Copy gives a task that runs another attempt at a spot. It returns false when the task does not run, or is done, or the set is closed.
func (s *Set) Copy(i int32, at Spot) (try ids.TaskAttempt, level Level, ok bool) {
	t := &s.tasks[i]
	if s.closed || t.done || t.copies == 0 {
		return 0, 0, false
	}
	s.waiting++ // start counts one that waited
	return s.start(i), s.Level(i, at), true
}

// Level says how near to its data a task would run at a spot.
func (s *Set) Level(i int32, at Spot) Level {
	if s.prefer == nil {
		return NoPreference
	}
	return s.prefer.level(i, at)
}

// Waits says that Take may give a task.
func (s *Set) Waits(i int32) bool { return s.waiting > 0 && s.waits(i) }

// Wants gives the nearest level at which a task of the set may have waited for a spot.
func (s *Set) Wants(at Spot) Level {
	if s.prefer == nil {
		return Any
	}
	return s.prefer.wants(at)
}

// Places gives where a task prefers to run. The answer belongs to the set.
func (s *Set) Places(i int32) []Place {
	if s.prefer == nil {
		return nil
	}
	return s.prefer.places(i)
}

// PrefersAt says that some task may prefer a place at this level.
func (s *Set) PrefersAt(l Level) bool {
	switch {
	case s.prefer == nil:
		return false
	case l == Process:
		return len(s.prefer.byExecutor) > 0
	case l == Node:
		return len(s.prefer.byHost) > 0
	}
	return l == Rack && len(s.prefer.byRack) > 0
}

// Prefers says that some task may prefer a place.
func (s *Set) Prefers() bool { return s.prefer != nil }

func (s *Set) start(i int32) ids.TaskAttempt {
	t := &s.tasks[i]
	t.copies++
	t.tries++
	s.copies++
	s.waiting--
	return ids.TaskAttempt(t.tries - 1)
}

// Leave says that an attempt of a task does not run any more. A task that is not done then waits again.
func (s *Set) Leave(i int32) {
	t := &s.tasks[i]
	t.copies--
	s.copies--
	s.await(i)
}

// await puts a task back on its lists if it waits now.
func (s *Set) await(i int32) {
	if s.closed || !s.waits(i) {
		return
	}
	s.waiting++
	s.all.again = append(s.all.again, i)
	if s.prefer != nil {
		s.prefer.push(i)
	}
}

// Succeed says that a task is done, whether by an attempt of this set or another one. Its failures are forgotten.
func (s *Set) Succeed(i int32) {
	t := &s.tasks[i]
	if t.done {
		return
	}
	if !s.closed && t.copies == 0 {
		s.waiting--
	}
	t.done = true
	s.done++
	delete(s.troubles, i)
}

// Reopen says that what a task did is lost. Unless the set is closed, it waits again.
func (s *Set) Reopen(i int32) {
	t := &s.tasks[i]
	if !t.done {
		return
	}
	t.done = false
	s.done--
	s.await(i)
}

// Fail counts a failure of a task, and gives the number of them and the first one's cause since the task last succeeded.
func (s *Set) Fail(i int32, cause Cause) (failures int, first Cause) {
	t := s.trouble(i)
	if t.failures == 0 {
		t.first = cause
	}
	t.failures++
	return t.failures, t.first
}

// First gives the first failure of a task since it last succeeded, if there was one.
func (s *Set) First(i int32) (cause Cause, failed bool) {
	if t := s.troubles[i]; t != nil && t.failures > 0 {
		return t.first, true
	}
	return Cause{}, false
}

// Lose counts that a task lost its executor through no fault of its own, and gives the number of these since it last succeeded.
func (s *Set) Lose(i int32) (losses int) {
	t := s.trouble(i)
	t.losses++
	return t.losses
}

func (s *Set) trouble(i int32) *trouble {
	t := s.troubles[i]
	if t == nil {
		if s.troubles == nil {
			s.troubles = map[int32]*trouble{}
		}
		t = &trouble{}
		s.troubles[i] = t
	}
	return t
}

// Close says that no more tasks are to be given. Attempts that run may still end and be counted.
func (s *Set) Close() { s.closed, s.waiting = true, 0 }

// Check gives an error when an invariant is broken.
func (s *Set) Check() error {
	waiting, copies, done := 0, 0, 0
	for i := range s.tasks {
		t := &s.tasks[i]
		copies += int(t.copies)
		if t.done {
			done++
		}
		if !s.closed && s.waits(int32(i)) {
			waiting++
		}
		if int(t.copies) > int(t.tries) {
			return fmt.Errorf("taskset: task %d has %d copies of %d tries", i, t.copies, t.tries)
		}
	}
	if waiting != s.waiting || copies != s.copies || done != s.done {
		return fmt.Errorf("taskset: %d wait, %d run, %d done; counted %d, %d, %d", waiting, copies, done, s.waiting, s.copies, s.done)
	}
	if !slices.IsSorted(s.partitions) {
		return fmt.Errorf("taskset: partitions out of order: %v", s.partitions)
	}
	return nil
}
