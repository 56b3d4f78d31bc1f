package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// run is one stage attempt: a set of tasks, and their attempts that are not over.
type run struct {
	ref        ids.StageRef
	stage      *stage
	job        *job // whose turn it is in the queue, and whose properties the tasks see
	set        *taskset.Set
	heads      []*attempt      // by task: its attempts, newest first, linked by attempt.twin
	shipped    bitset          // executors that have the stage, as it is listed now
	outdated   bitset          // executors that have had it as it was listed before
	needs      []ids.ShuffleID // of what its stage reads: it does not go on without these
	listing    listing         // where its tasks find what they read
	pace       pace            // of its tasks
	shape      *shape          // of the executors that it runs on
	ask        ask             // what each task takes
	matchAt    taskset.Level   // tasks before matched were matched at this level with the executors that they prefer, and all at nearer ones
	matched    int
	again      [taskset.Any][]int32 // tasks that came back, to be matched again, by the level that comes next for them
	unseen     bool                 // it was not looked at which free executors can run its tasks
	delays     bool                 // it may leave slots free for a while: see delay
	warned     bool                 // of the size of its tasks
	excused    bool                 // it has ended for lost map outputs that nobody is blamed for: see strike.go
	void       bool                 // nothing that its tasks come to counts: see rollback.go
	generation int32                // of the map outputs that its tasks write
	delay      delay
	gang       *gang              // of a barrier stage; else nil
	health     *health.Set        // where its tasks failed; nil when nobody asks
	suspects   []int32            // tasks that failed, when somebody asks
	stuck      string             // why no executor could run its tasks, when it was last looked; empty when some could
	excluded   bool               // it is stuck because all are excluded for it
	closed     bool               // and no other executor would do, wherever it came
	stuckAt    int                // Core.changes at that time
	soughtAt   int                // Core.changes when an executor was looked for that can make room
	stuckUntil Time               // when it fails because no executor can run its tasks; 0 when some can
	renewal    *renewal           // the executor that made room for it while it is stuck; nil when none did
	member     *pool.Member[*run] // its place in the queue
	placing    *placing           // nil until somebody asks
	copies     *copies            // of tasks that are slow; nil when it has none
}

// attempt is one task attempt that has been launched and whose end has not been dealt with. Invariant: it is in executor.attempts and
// in the list of its task. There are as many as slots, and each is touched twice: it is one cache line.
type attempt struct {
	id       ids.TaskID
	ref      ids.TaskRef
	run      *run
	executor *executor
	twin     *attempt
	fetching *fetching // its executor is done, and its result is on its way; it has no slot any more
	index    int32     // of the task in run.set
	seat     uint16    // its place in executor.attempts, when it is between nearSeats and farSeat
	marks    marks
	listing  uint8 // of the run, when it was launched: the low bits
}

// marks are what is special about a task attempt.
type marks uint8

// The marks.
const (
	isKilled   marks = 1 << iota // it was ordered to stop
	isRecalled                   // it was ordered back, if it has not started
	isBehind                     // it waits for a slot of its executor: see ahead.go. Only known with speculation
	isHopeless                   // it ended as another copy would, too
)

// has says that one of some marks is set.
func (m marks) has(some marks) bool { return m&some != 0 }

// fetching is what is kept of a task's end until its result is here.
type fetching struct {
	bytes   int64
	updates []task.Update
}

// blame is where something went wrong.
type blame struct {
	partition int32
	executor  ids.ExecutorID
	err       *task.Error
}

// addAttempt enters a new attempt of task i everywhere.
func (c *Core) addAttempt(r *run, i int32, try ids.TaskAttempt, e *executor) *attempt {
	a := e.room()
	*a = attempt{
		id: c.nextTask, ref: ids.TaskRef{StageRef: r.ref, Partition: r.set.Partition(i), Try: try}, run: r, index: i, executor: e,
		listing: uint8(r.listing.number),
	}
	c.nextTask++
	e.sit(a)
	c.attempts.put(a)
	c.queue.tree.Started(r.member)
	return a
}

// removeAttempt takes an attempt out everywhere. What its task does next is for the set to say.
func (c *Core) removeAttempt(a *attempt) {
	r, e := a.run, a.executor
	c.stopClock(a, false)
	if len(c.read) > 0 {
		c.readerLeft(a)
	}
	c.attempts.remove(a)
	delete(c.grants, a.id)
	c.queue.tree.Ended(r.member)
	switch e.rise(a); {
	case e.phase == draining:
		e.departure.outputsFirst()
		c.drained = append(c.drained, e)
	case c.idleWanted && len(e.attempts) == 0:
		c.changes++ // it may be renewed for a run that is stuck
	}
	*a = attempt{}
}

// leave ends an attempt for good: its task waits again unless it is done or its run is over.
func (c *Core) leave(a *attempt) {
	r, i, hopeless := a.run, a.index, a.marks.has(isHopeless)
	c.removeAttempt(a)
	r.set.Leave(i)
	if r.copies != nil {
		c.lostTwin(r, i, hopeless)
	}
	switch {
	case r.set.Closed() && r.set.Running() == 0:
		c.forgetRun(r)
	case r.set.Waits(i):
		c.await(r, i)
	}
}

// await brings a run whose task i waits again into the queue. A task that prefers no place may find a slot that is free because the
// others of the run do not want it, or may not have it; and so may any task of a run that is not easy, where the others may not have it.
func (c *Core) await(r *run, i int32) {
	c.enqueue(r)
	if r.set.Prefers() {
		r.again[taskset.Process] = append(r.again[taskset.Process], i)
		r.delay.witness = min(r.delay.witness, i)
	}
	r.unseen = r.unseen || len(r.set.Places(i)) == 0 || !r.easy()
}

// closeRun ends an attempt of a stage: nothing more is launched. Tasks that run may go on, and count when they succeed.
func (c *Core) closeRun(r *run, to state, reason string) {
	r.set.Close()
	r.copies.close()
	c.dequeue(r)
	c.forgetGang(r)
	r.stage.state = to
	if _, ok := to.(done); ok && c.health != nil {
		c.exclude(c.health.Succeeded(c.now, r.health))
	}
	publish(c, StageEnded{r.ref, reason, r.copies.stats()})
	if r.set.Running() == 0 {
		c.forgetRun(r)
		return
	}
	r.stage.over = append(r.stage.over, r)
}

// forgetRun frees what the executors keep of a run that is over.
func (c *Core) forgetRun(r *run) {
	s := r.stage
	if at := slices.Index(s.over, r); at >= 0 {
		s.over = slices.Delete(s.over, at, at+1)
	}
	c.queue.tree.Leave(r.member)
	c.attempts.forget(r)
	r.shipped.addAll(r.outdated)
	for e := range r.shipped.all {
		if c.executor(ids.ExecutorID(e)) != nil {
			c.do(ForgetStage{ids.ExecutorID(e), r.ref})
		}
	}
}

// kill orders an attempt to stop, once.
func (c *Core) kill(a *attempt, reason string) {
	if a.marks.has(isKilled) || a.fetching != nil || a.executor.gone {
		return
	}
	a.marks |= isKilled
	c.do(Kill{a.executor.id, task.Kill{Ref: a.ref, Reason: reason}})
}

// killRun orders all attempts of a run to stop. Those whose result is on its way are over with this.
func (c *Core) killRun(r *run, reason string) {
	var twin *attempt
	for i := len(r.heads) - 1; i >= 0 && r.set.Running() > 0; i-- {
		for a := r.heads[i]; a != nil; a = twin {
			twin = a.twin
			if a.fetching != nil {
				c.giveUpFetch(a)
			} else {
				c.kill(a, reason)
			}
		}
	}
}
