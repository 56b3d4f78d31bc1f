package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// A task that is slow gets a second attempt on another host, a copy, and whichever is done first counts: Spark's speculation. Package
// speculate says which tasks are slow; here it is told what runs, and what it finds is launched. The time of an attempt starts when it
// gets its slot: what was launched ahead and waits there does not run. It is recalled before there is a copy of what it waits behind.

// copies is what a run needs to know of slow tasks. A nil one knows none.
type copies struct {
	judge     *speculate.Set
	inputs    []int64       // bytes that the task of each partition reads; nil when nobody knows
	slow      []int32       // tasks that deserve a copy and wait for a slot, each with one attempt, in the order in which they were found
	most      taskset.Level // how far from its data a copy was allowed to go when executors were last shown
	unseen    bool          // not all of them were shown the executors that are free
	nextCheck Time          // when judge is asked again; 0 when there is nothing to ask
}

func (c *Core) newCopies(r *run) *copies {
	return &copies{judge: speculate.New(c.cfg.Speculation, r.set.Len(), 1, &c.copied), inputs: c.inputBytes(&r.stage.spec)}
}

// wanted is how many copies wait for a slot.
func (k *copies) wanted() int {
	if k == nil {
		return 0
	}
	return len(k.slow)
}

func (k *copies) stats() speculate.Stats {
	if k == nil {
		return speculate.Stats{}
	}
	return k.judge.Stats()
}

// done says that a task is, by whichever attempt.
func (k *copies) done(i int32) {
	if k != nil {
		k.judge.Done(i)
		k.drop(i)
	}
}

func (k *copies) reopened(i int32) {
	if k != nil {
		k.judge.Reopened(i)
	}
}

// drop forgets that a task wants a copy.
func (k *copies) drop(i int32) {
	if at := slices.Index(k.slow, i); at >= 0 {
		k.slow = slices.Delete(k.slow, at, at+1)
	}
}

// close says that the run is over: nobody looks for slow tasks any more.
func (k *copies) close() {
	if k != nil {
		k.slow, k.nextCheck = nil, 0
	}
}

// lostTwin says that an attempt of a task is gone. Its copy is not wanted any more; or it was the copy, or the copy goes on: then
// there may be another one, unless that would end in the same way: it failed, or may not commit because another attempt does.
func (c *Core) lostTwin(r *run, i int32, hopeless bool) {
	k := r.copies
	k.drop(i)
	if !hopeless {
		k.judge.Again(i)
		c.planCheck(r)
	}
	if !r.inLine() {
		c.dequeue(r)
	}
}

// offerCopy launches a copy of a slow task of a run, on another host and at most so far from its data.
func (c *Core) offerCopy(r *run, most taskset.Level) bool {
	k := r.copies
	k.unseen = k.unseen || most > k.most
	if k.most = most; !k.unseen {
		for _, e := range c.freshly {
			if i := c.copyFor(r, e, most); i >= 0 {
				c.launchCopy(r, i, e)
				return true
			}
		}
		return false
	}
	for _, level := range [...]taskset.Level{taskset.Process, taskset.Node, taskset.Rack, taskset.Any} {
		for _, i := range k.slow {
			if level > most {
				break
			}
			if e := c.freeForCopy(r, i, level); e != nil {
				c.launchCopy(r, i, e)
				return true
			}
		}
	}
	k.unseen = false
	return false
}

// mayCopy says that a copy of a task may go to an executor: one on another host that fits it.
func (r *run) mayCopy(i int32, e *executor) bool {
	return e.host != r.heads[i].executor.host && e.fitsTask(r, i)
}

// copyFor gives the slow task that may go to an executor and has it nearest, or -1.
func (c *Core) copyFor(r *run, e *executor, most taskset.Level) int32 {
	nearest, at := int32(-1), most
	for _, i := range r.copies.slow {
		level := r.set.Level(i, e.spot())
		if level == taskset.NoPreference {
			level = min(level, most)
		}
		if (level < at || level == at && nearest < 0) && r.mayCopy(i, e) {
			nearest, at = i, level
		}
	}
	return nearest
}

// freeForCopy gives an executor that may have a copy of a task and is at this level from one of the places that the task prefers, or
// nil. A task that prefers none finds any at the first level.
func (c *Core) freeForCopy(r *run, i int32, level taskset.Level) *executor {
	places := r.set.Places(i)
	if len(places) == 0 || level == taskset.Any {
		return r.shape.free.copyPlace(r, i)
	}
	for _, at := range places {
		switch level {
		case taskset.Process:
			if e := c.executor(at.Executor); at.OnExecutor && e != nil && r.mayCopy(i, e) {
				return e
			}
		case taskset.Node:
			if h := c.hosts[at.Host]; h != nil && h != r.heads[i].executor.host {
				if e := h.free().copyPlace(r, i); e != nil {
					return e
				}
			}
		case taskset.Rack:
			if k := c.racks[at.Rack]; k != nil {
				if e := k.free.copyPlace(r, i); e != nil {
					return e
				}
			}
		}
	}
	return nil
}

// copyPlace gives the first executor from the one whose turn it is that may have a copy of a task, or nil.
func (g *ring) copyPlace(r *run, i int32) *executor {
	for range g.executors {
		if e := g.next(); r.mayCopy(i, e) {
			return e
		}
	}
	return nil
}

func (c *Core) launchCopy(r *run, i int32, e *executor) {
	try, level, ok := r.set.Copy(i, e.spot())
	r.copies.drop(i)
	if ok {
		c.launch(r, i, try, level, e)
	}
}

// couldCopy gives a slow task of which an executor as it is could have a copy.
func (c *Core) couldCopy(r *run, e *executor) (int32, bool) {
	if r.copies.wanted() == 0 || !c.inputsThere(r) {
		return 0, false
	}
	most := taskset.Any
	if r.delays && r.set.Waiting() > 0 {
		most = r.delay.level
	}
	i := c.copyFor(r, e, most)
	return i, i >= 0
}

// checkCopies gives an error when slow tasks and attempts do not fit together.
func (c *Core) checkCopies(r *run) error {
	k := r.copies
	if k == nil {
		return nil
	}
	for _, i := range k.slow {
		if a := r.heads[i]; r.set.Closed() || r.set.IsDone(i) || a == nil || a.twin != nil {
			return fmt.Errorf("task %d is not one that wants a copy", i)
		}
	}
	for i, a := range r.heads {
		n, hosts := 0, map[*host]bool{}
		for ; a != nil; a = a.twin {
			if runs, _ := k.judge.Runs(a.index, int32(a.ref.Try)); runs != (!a.marks.has(isBehind) || a.marks.has(isRecalled)) && a.fetching == nil && !r.set.IsDone(a.index) {
				return fmt.Errorf("%v waits, and its time passes", a.ref)
			}
			n++
			hosts[a.executor.host] = true
		}
		if n > 2 || n > len(hosts) && r.stage.current() == r && !r.set.IsDone(int32(i)) {
			return fmt.Errorf("task %d has %d attempts on %d hosts", i, n, len(hosts))
		}
	}
	return nil
}
