package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// An executor that has drained is told to nobody any more, but tasks that run were told of it before, and may yet read from it. It stays
// until they have ended, as long as it would wait for others to take its outputs: when it goes before, they do not find what they look for
// and run again.

// empty lets others alone hold what a drained executor held: two that drain must not rely on each other.
func (c *Core) empty(e *executor) {
	held := c.outputs.Held(e.id)
	if held == 0 {
		return
	}
	if e.departure.readers = c.readersOf(e); len(e.departure.readers) > 0 {
		c.read = append(c.read, e)
		c.boundWait(e)
	}
	c.outputs.RemoveExecutor(e.id)
	c.lookAtDrainers()
}

// countReaders gives how many tasks may yet read from an executor that has drained.
func (d *departure) countReaders() int {
	if d == nil {
		return 0
	}
	return len(d.readers)
}

// readersOf gives the running task attempts that may read map outputs of an executor.
func (c *Core) readersOf(e *executor) (readers map[ids.TaskID]struct{}) {
	reads := map[*run]bool{}
	for _, at := range c.executors {
		if at == nil {
			continue
		}
		for _, a := range at.attempts {
			is, known := reads[a.run]
			if !known {
				is = c.outputs.Holds(e.id, a.run.readsFrom)
				reads[a.run] = is
			}
			if is {
				if readers == nil {
					readers = map[ids.TaskID]struct{}{}
				}
				readers[a.id] = struct{}{}
			}
		}
	}
	return readers
}

// readsFrom says that tasks of a run may read a shuffle, also one that they need only when they miss cached partitions.
func (r *run) readsFrom(shuffle ids.ShuffleID) bool {
	return slices.Contains(r.stage.spec.Parents, shuffle)
}

// readerLeft is told that a task attempt has left its executor. Those that it was the last one to read from may go.
func (c *Core) readerLeft(a *attempt) {
	some := c.read[:0]
	for _, e := range c.read {
		if e.gone || e.phase != draining {
			continue
		}
		if delete(e.departure.readers, a.id); len(e.departure.readers) == 0 {
			c.drained = append(c.drained, e)
			continue
		}
		some = append(some, e)
	}
	clear(c.read[len(some):])
	c.read = some
}
