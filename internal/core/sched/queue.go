package sched

import (
	"iter"

	"github.com/kilnproject/kiln/internal/core/sched/pool"
)

// queue is the stage attempts that are not quite over, in their pools, of which those that have something to launch stand in line for slots.
// Who comes first is for package pool to say.
type queue struct{ tree *pool.Tree[*run] }

// newQueue panics when a definition of a pool cannot be: the shell has checked them, and named the line that is wrong.
func newQueue(cfg pool.Config) queue {
	tree, err := pool.New[*run](cfg)
	if err != nil {
		panic("sched: " + err.Error())
	}
	return queue{tree}
}

// first gives the run whose turn it is, or nil.
func (q *queue) first() *run {
	r, _ := q.tree.First()
	return r
}

// all gives the runs in order. Who changes the queue does not go on.
func (q *queue) all() iter.Seq[*run] { return q.tree.All() }

// inLine says that a run has something to launch: tasks that wait, or copies of those that run.
func (r *run) inLine() bool { return r.set.Waiting() > 0 || r.copies.wanted() > 0 }

// enter gives a run its place in the pool of its job.
func (c *Core) enter(r *run) {
	m, created, err := c.queue.tree.Enter(r.job.spec.Pool, r.job.spec.ID, r.ref.Stage, r)
	if err != nil {
		// The pool was known when the job was submitted, and none is taken away.
		m, _, _ = c.queue.tree.Enter(pool.Default, r.job.spec.ID, r.ref.Stage, r)
	}
	r.member = m
	if created {
		publish(c, StageWarned{r.ref, "nobody has defined pool \"" + r.job.spec.Pool + "\": it is first in, first out, with weight 1"})
	}
}

// enqueue puts a run in line that has something to launch.
func (c *Core) enqueue(r *run) {
	if r.member.Waiting() {
		return
	}
	c.queue.tree.Wait(r.member)
	r.unseen, r.stuckUntil, r.renewal = true, 0, nil
	if !r.easy() {
		c.demanding++
	}
}

// dequeue takes a run out of line.
func (c *Core) dequeue(r *run) {
	if !r.member.Waiting() {
		return
	}
	c.queue.tree.Rest(r.member)
	if !r.easy() {
		c.demanding--
	}
}
