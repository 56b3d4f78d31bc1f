package kilntest

import (
	"context"
	"sync"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/executor"
)

// Always is a number of times without end.
const Always = -1

// rule is something to do before tasks run.
type rule struct {
	match Match
	left  int // how often still; negative: always
	act   func(context.Context, Task) error
}

func (c *Cluster) add(match Match, times int, act func(context.Context, Task) error) {
	if match == nil {
		match = AnyTask
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = append(c.rules, &rule{match: match, left: times, act: act})
}

// due takes the rules that hold for a task, and counts them down.
func (c *Cluster) due(t Task) (acts []func(context.Context, Task) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.rules {
		if r.left == 0 || !r.match(t) {
			continue
		}
		if r.left > 0 {
			r.left--
		}
		acts = append(acts, r.act)
	}
	return acts
}

// tune puts the cluster's rules before every task of an executor.
func (c *Cluster) tune(cfg *executor.Config) {
	id := int(cfg.ID)
	cfg.Fault = func(ctx context.Context, s *task.Stage, ref ids.TaskRef) error {
		t := Task{
			Executor: id, Job: s.Props["kiln.job.description"], Group: s.Props["kiln.job.group"],
			Stage: int(ref.Stage), StageAttempt: int(ref.StageRef.Attempt), Partition: int(ref.Partition), Attempt: int(ref.Try),
			Writes: s.IsMap, Reads: s.Reads(),
		}
		for _, act := range c.due(t) {
			if err := act(ctx, t); err != nil {
				return err
			}
		}
		return nil
	}
}

// OnTask calls do before a task that matches runs, in the task's slot, so many times (or Always). A nil match is AnyTask.
func (c *Cluster) OnTask(match Match, times int, do func(Task)) {
	c.add(match, times, func(_ context.Context, t Task) error {
		do(t)
		return nil
	})
}

// FailTask fails task attempts that match with err, so many times (or Always): each as if the user's function had failed with it.
// A task is tried again on a cluster; see kiln.task.maxFailures.
func (c *Cluster) FailTask(match Match, err error, times int) {
	c.add(match, times, func(context.Context, Task) error { return err })
}

// Delay lets every task that matches wait before it runs, or until it is cancelled.
func (c *Cluster) Delay(match Match, d time.Duration) {
	c.add(match, Always, func(ctx context.Context, _ Task) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// Hold is a gate that tasks wait at.
type Hold struct {
	arrived chan Task
	open    chan struct{}
	once    sync.Once
}

// Hold stops every task that matches before it runs, until Release, or until it is cancelled. The test's end releases it too.
func (c *Cluster) Hold(match Match) *Hold {
	h := &Hold{arrived: make(chan Task, 1024), open: make(chan struct{})}
	c.t.Cleanup(h.Release)
	c.add(match, Always, func(ctx context.Context, t Task) error {
		select {
		case <-h.open:
			return nil
		default:
		}
		select {
		case h.arrived <- t:
		default: // nobody listens
		}
		select {
		case <-h.open:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	return h
}

// Arrived gives the tasks as they come to wait.
func (h *Hold) Arrived() <-chan Task { return h.arrived }

// Release lets all go on, also those that come later.
func (h *Hold) Release() { h.once.Do(func() { close(h.open) }) }

// LoseExecutor ends an executor as a crash would: its tasks are never heard of again, its map outputs and cached partitions are gone.
// Another one starts in its place. It reports false where there is no such executor.
func (c *Cluster) LoseExecutor(id int) bool { return c.hook.Threads.Kill(int32(id)) }

// LoseRandom ends an executor chosen by chance, and gives its number; -1 where there is none.
func (c *Cluster) LoseRandom() int {
	all := c.Executors()
	if len(all) == 0 {
		return -1
	}
	c.mu.Lock()
	id := all[c.chance.IntN(len(all))]
	c.mu.Unlock()
	c.LoseExecutor(id)
	return id
}

// DrainExecutor tells an executor that it will have to go, as a machine does that is about to be taken away: it gets no more tasks, another
// one starts in its place, and it goes when its tasks have ended and others have copies of its map outputs and, as far as they have room,
// of its cached partitions. Nothing else is computed again for it. It returns at once, and reports false where there is no such executor.
func (c *Cluster) DrainExecutor(id int) bool {
	e := c.hook.Threads.Executor(int32(id))
	if e == nil {
		return false
	}
	e.Leave("the test drains it")
	return true
}

// LoseShuffle deletes all map outputs of every executor, as if somebody had cleaned up the disk, and gives their number. They are
// computed again when a task asks for them.
func (c *Cluster) LoseShuffle() (lost int) {
	for _, e := range c.running() {
		lost += e.LoseShuffles()
	}
	return lost
}

// CorruptShuffle flips a bit in up to most map outputs that are not empty, executor by executor, and gives their number. Readers find
// that out by its checksum, and it is computed again, one map output for each attempt of the reading stage; see
// kiln.stage.maxConsecutiveAttempts for how many of these a job survives.
func (c *Cluster) CorruptShuffle(most int) (harmed int) {
	return c.corrupt(func(e *executor.Executor, harmed int) (int, error) { return e.CorruptShuffles(most - harmed) })
}

// CorruptBlock flips a bit in the file of every cached partition that is on disk, and gives their number. Readers find that out by
// its checksum, and it is computed again.
func (c *Cluster) CorruptBlock() (harmed int) {
	return c.corrupt(func(e *executor.Executor, _ int) (int, error) { return e.CorruptBlocks() })
}

func (c *Cluster) corrupt(each func(e *executor.Executor, harmed int) (int, error)) (harmed int) {
	for _, e := range c.running() {
		n, err := each(e, harmed)
		if err != nil {
			c.t.Errorf("kilntest: corrupting: %v", err)
		}
		harmed += n
	}
	return harmed
}

func (c *Cluster) running() (all []*executor.Executor) {
	for _, id := range c.hook.Threads.Executors() {
		if e := c.hook.Threads.Executor(id); e != nil {
			all = append(all, e)
		}
	}
	return all
}
