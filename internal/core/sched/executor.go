package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// maxExecutors bounds the ids of executors, which index slices.
const maxExecutors = 1 << 22

// executor is a living executor. Invariant: it is in Core.free and in its host's list exactly while used < slots, and in Core.laden
// exactly while used > slots: task attempts wait there (see ahead.go).
type executor struct {
	id       ids.ExecutorID
	host     *host
	slots    int
	used     int
	attempts []*attempt // running, or with their results on their way; in no order that means anything
	free     place      // in Core.free
	freeHost place      // in host.free
	laden    place      // in Core.laden
	ships    []ids.StageRef
	orders   []task.Launch // of this Step, after ships
	blamed   *ids.StageRef // the first stage attempt that could not read one of its map outputs; nil when none
	gone     bool          // it is lost, and about to be forgotten
}

// host is a machine with living executors.
type host struct {
	name      string
	free      ring
	executors int
}

// executor gives a living executor, or nil.
func (c *Core) executor(id ids.ExecutorID) *executor {
	if id < 0 || int(id) >= len(c.executors) {
		return nil
	}
	return c.executors[id]
}

func (c *Core) registerExecutor(ev ExecutorRegistered) {
	switch {
	case ev.ID < 0 || ev.ID >= maxExecutors:
		c.do(RefuseExecutor{ev.ID, fmt.Sprintf("executor ids are from 0 to %d", maxExecutors-1)})
		return
	case ev.Slots <= 0:
		c.do(RefuseExecutor{ev.ID, fmt.Sprintf("it has %d slots, and needs at least one", ev.Slots)})
		return
	case c.seen.has(int(ev.ID)):
		c.do(RefuseExecutor{ev.ID, fmt.Sprintf("executor %v registered before: an id is used once", ev.ID)})
		return
	}
	c.seen.add(int(ev.ID))
	for int(ev.ID) >= len(c.executors) {
		c.executors = append(c.executors, nil)
	}
	h := c.hosts[ev.Host]
	if h == nil {
		h = &host{name: ev.Host}
		h.free.member = func(e *executor) *place { return &e.freeHost }
		c.hosts[ev.Host] = h
	}
	h.executors++
	e := &executor{id: ev.ID, host: h, slots: ev.Slots}
	c.executors[ev.ID] = e
	c.alive++
	c.slots += e.slots
	c.unavailable = nil
	c.offerSlots(e)
	publish(c, ExecutorAdded(ev))
}

// offerSlots offers an executor that has a free slot.
func (c *Core) offerSlots(e *executor) {
	if e.gone || e.used >= e.slots {
		return
	}
	c.free.add(e, c.chance)
	e.host.free.add(e, c.chance)
}

// freeSlot counts a task attempt that has left an executor.
func (c *Core) freeSlot(e *executor) {
	if e.used--; e.used <= e.slots {
		c.laden.remove(e)
	}
	c.offerSlots(e)
}

// takeSlot counts a task attempt that was launched on an executor.
func (c *Core) takeSlot(e *executor) {
	switch e.used++; {
	case e.used > e.slots:
		c.laden.add(e, c.chance)
	case e.used == e.slots:
		c.free.remove(e)
		e.host.free.remove(e)
	}
}
