package taskset

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Set is the tasks of one stage attempt.
type Set struct {
	Ref    ids.StageRef
	Zombie bool // no task is launched any more; ends still count

	parts   []int32 // task -> partition
	index   []int32 // partition -> task + 1, 0 for none
	tasks   []state
	left    int // tasks that have not succeeded
	running int // task attempts

	// Waiting tasks, as stacks that are cleaned when they are read: a task on a stack may have been launched meanwhile.
	byExecutor map[ids.ExecutorID][]int32
	byHost     map[string][]int32
	free       []int32 // without a preference
	all        []int32 // with one
	waiting    int

	shipped []uint64 // bit set of executors that know the stage attempt
}

// state is one task.
type state struct {
	waiting  bool
	done     bool
	running  int16
	tries    int32
	failures int32
	lost     int32
	first    *task.Error // of the first failure
}

// Place is where a task would like to run.
type Place struct {
	Executor   ids.ExecutorID // when OnExecutor
	Host       string         // else
	OnExecutor bool
}

// New makes the set of the given partitions of total. Prefer may be nil; it is called with a partition.
func New(ref ids.StageRef, parts []int32, total int, prefer func(partition int32) []Place) *Set {
	s := &Set{Ref: ref, parts: parts, index: make([]int32, total), tasks: make([]state, len(parts)), left: len(parts)}
	// Filled from the end, since stacks give what was put last.
	for i := len(parts) - 1; i >= 0; i-- {
		s.index[parts[i]] = int32(i) + 1
		var places []Place
		if prefer != nil {
			places = prefer(parts[i])
		}
		s.wait(int32(i), places)
	}
	return s
}

func (s *Set) wait(i int32, places []Place) {
	s.tasks[i].waiting = true
	s.waiting++
	if len(places) == 0 {
		s.free = append(s.free, i)
		return
	}
	for _, p := range places {
		switch {
		case p.OnExecutor && s.byExecutor == nil:
			s.byExecutor = map[ids.ExecutorID][]int32{p.Executor: {i}}
		case p.OnExecutor:
			s.byExecutor[p.Executor] = append(s.byExecutor[p.Executor], i)
		case s.byHost == nil:
			s.byHost = map[string][]int32{p.Host: {i}}
		default:
			s.byHost[p.Host] = append(s.byHost[p.Host], i)
		}
	}
	s.all = append(s.all, i)
}

// Waiting is the number of tasks that could be launched.
func (s *Set) Waiting() int {
	if s.Zombie {
		return 0
	}
	return s.waiting
}

// Running is the number of task attempts under way.
func (s *Set) Running() int { return s.running }

// Left is the number of tasks without a success.
func (s *Set) Left() int { return s.left }

// Total is the number of tasks.
func (s *Set) Total() int { return len(s.parts) }

// Take gives a waiting task for an executor and marks it running: one that has its data there, else on its host, else one
// without a preference, else any.
func (s *Set) Take(e ids.ExecutorID, host string) (partition int32, try ids.TaskAttempt, ok bool) {
	if s.Zombie || s.waiting == 0 {
		return 0, 0, false
	}
	if s.byExecutor != nil {
		i, rest, ok := s.pop(s.byExecutor[e])
		s.byExecutor[e] = rest
		if ok {
			return s.launch(i)
		}
	}
	if s.byHost != nil {
		i, rest, ok := s.pop(s.byHost[host])
		s.byHost[host] = rest
		if ok {
			return s.launch(i)
		}
	}
	var i int32
	if i, s.free, ok = s.pop(s.free); ok {
		return s.launch(i)
	}
	if i, s.all, ok = s.pop(s.all); ok {
		return s.launch(i)
	}
	return 0, 0, false
}

// pop takes the topmost task that still waits.
func (s *Set) pop(stack []int32) (i int32, rest []int32, ok bool) {
	for n := len(stack); n > 0; n = len(stack) {
		i, stack = stack[n-1], stack[:n-1]
		if s.tasks[i].waiting {
			return i, stack, true
		}
	}
	return 0, stack, false
}

func (s *Set) launch(i int32) (int32, ids.TaskAttempt, bool) {
	t := &s.tasks[i]
	t.waiting = false
	s.waiting--
	t.running++
	s.running++
	try := ids.TaskAttempt(t.tries)
	t.tries++
	return s.parts[i], try, true
}

func (s *Set) task(partition int32) (*state, int32) {
	if partition < 0 || int(partition) >= len(s.index) || s.index[partition] == 0 {
		return nil, -1
	}
	i := s.index[partition] - 1
	return &s.tasks[i], i
}

// Ended takes a task attempt out of the running ones.
func (s *Set) Ended(partition int32) {
	if t, _ := s.task(partition); t != nil && t.running > 0 {
		t.running--
		s.running--
	}
}

// Done marks a partition computed, here or by another attempt of the stage. It reports whether that is news.
func (s *Set) Done(partition int32) bool {
	t, _ := s.task(partition)
	if t == nil || t.done {
		return false
	}
	t.done = true
	s.left--
	if t.waiting {
		t.waiting = false
		s.waiting--
	}
	return true
}

// Undone marks a partition to be computed after all: its output is lost.
func (s *Set) Undone(partition int32) {
	t, _ := s.task(partition)
	if t == nil || !t.done {
		return
	}
	t.done = false
	s.left++
	s.Again(partition)
}

// Again puts a task back among the waiting ones, unless it is done, waits, or an attempt of it runs.
func (s *Set) Again(partition int32) {
	if t, i := s.task(partition); t != nil && !t.done && !t.waiting && t.running == 0 {
		s.wait(i, nil)
	}
}

// Failed counts a failure and gives how many there are now, with the first one's error.
func (s *Set) Failed(partition int32, e *task.Error) (failures int, first *task.Error) {
	t, _ := s.task(partition)
	if t == nil {
		return 0, e
	}
	t.failures++
	if t.first == nil {
		t.first = e
	}
	return int(t.failures), t.first
}

// Lost counts a loss of the executor under a task.
func (s *Set) Lost(partition int32) int {
	t, _ := s.task(partition)
	if t == nil {
		return 0
	}
	t.lost++
	return int(t.lost)
}

// Tries is how often a task was launched.
func (s *Set) Tries(partition int32) int {
	if t, _ := s.task(partition); t != nil {
		return int(t.tries)
	}
	return 0
}

// Ship marks an executor as knowing the stage attempt, and reports whether that is news.
func (s *Set) Ship(e ids.ExecutorID) bool {
	word, bit := int(e)/64, uint64(1)<<(uint(e)%64)
	for len(s.shipped) <= word {
		s.shipped = append(s.shipped, 0)
	}
	if s.shipped[word]&bit != 0 {
		return false
	}
	s.shipped[word] |= bit
	return true
}

// Shipped calls f for every executor that knows the stage attempt, and forgets them.
func (s *Set) Shipped(f func(ids.ExecutorID)) {
	for w, word := range s.shipped {
		for b := 0; word != 0; b++ {
			if word&1 != 0 {
				f(ids.ExecutorID(w*64 + b))
			}
			word >>= 1
		}
	}
	s.shipped = nil
}

// Check gives an error when an invariant is broken.
func (s *Set) Check() error {
	waiting, running, left := 0, 0, 0
	for i := range s.tasks {
		t := &s.tasks[i]
		if t.waiting {
			waiting++
		}
		if t.waiting && t.done {
			return fmt.Errorf("%v: task %d waits and is done", s.Ref, i)
		}
		if !t.done {
			left++
			if !s.Zombie && !t.waiting && t.running == 0 {
				return fmt.Errorf("%v: task %d is forgotten", s.Ref, i)
			}
		}
		running += int(t.running)
	}
	if waiting != s.waiting || running != s.running || left != s.left {
		return fmt.Errorf("%v: counts %d waiting, %d running, %d left; has %d, %d, %d", s.Ref, s.waiting, s.running, s.left, waiting, running, left)
	}
	return nil
}
