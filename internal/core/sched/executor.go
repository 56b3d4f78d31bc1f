package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// maxExecutors bounds the ids of executors, which index slices.
const maxExecutors = 1 << 22

// executor is a living executor. Invariant: it is in Core.free and in its host's list exactly while it is active and used <
// slots, and in Core.laden exactly while used > slots: task attempts wait there (see ahead.go).
type executor struct {
	id       ids.ExecutorID
	host     *host
	slots    int
	used     int
	idle     Time       // since when used is zero, while it is
	attempts []*attempt // running, or with their results on their way; in no order that means anything
	free     place      // in Core.free
	freeHost place      // in host.free
	laden    place      // in Core.laden
	ships    []ids.StageRef
	orders   []task.Launch // of this Step, after ships
	blamed   *ids.StageRef // the first stage attempt that could not read one of its map outputs; nil when none
	phase    phase
	onHost   place  // in host.executors
	drains   place  // in Core.drainers, exactly while it is draining
	heard    Time   // when it last gave a sign of life
	exempt   string // why its loss will be no task's fault: we made it go; empty when we did not
	doubt    string // why it is suspected
	gone     bool   // it is lost, and about to be forgotten
}

// host is a machine with living executors.
type host struct {
	name      string
	free      ring
	executors ring
}

// executor gives a living executor, or nil.
func (c *Core) executor(id ids.ExecutorID) *executor {
	if id < 0 || int(id) >= len(c.executors) {
		return nil
	}
	return c.executors[id]
}

func (c *Core) registerExecutor(ev ExecutorRegistered) {
	if why := c.refusal(ev); why != "" {
		c.do(RefuseExecutor{ev.ID, why})
		return
	}
	c.seen.add(int(ev.ID))
	for int(ev.ID) >= len(c.executors) {
		c.executors = append(c.executors, nil)
	}
	e := &executor{id: ev.ID, host: c.hostNamed(ev.Host), slots: ev.Slots, heard: c.now, idle: c.now}
	e.host.executors.put(e)
	c.executors[ev.ID] = e
	c.alive++
	c.slots += e.slots
	c.unavailable = nil
	if c.cfg.Silence > 0 {
		c.alarms.set(c.now+c.cfg.Silence, e.id, silenceDue)
	}
	c.offerSlots(e)
	publish(c, ExecutorAdded{ev.ID, ev.Host, ev.Slots})
	c.decommissionEarly(e)
}

// refusal says why an executor may not register, or nothing.
func (c *Core) refusal(ev ExecutorRegistered) string {
	switch {
	case ev.ID < 0 || ev.ID >= maxExecutors:
		return fmt.Sprintf("executor ids are from 0 to %d", maxExecutors-1)
	case ev.Slots <= 0:
		return fmt.Sprintf("it has %d slots, and needs at least one", ev.Slots)
	case c.seen.has(int(ev.ID)):
		return fmt.Sprintf("executor %v registered before: an id is used once", ev.ID)
	}
	return ""
}

// hostNamed gives a host, which is entered when it is new.
func (c *Core) hostNamed(name string) *host {
	h := c.hosts[name]
	if h == nil {
		h = &host{name: name}
		h.free.member = func(e *executor) *place { return &e.freeHost }
		h.executors.member = func(e *executor) *place { return &e.onHost }
		c.hosts[name] = h
	}
	return h
}

// offerSlots offers an executor that has a free slot.
func (c *Core) offerSlots(e *executor) {
	if e.gone || e.phase != active || e.used >= e.slots {
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
	if e.used == 0 {
		e.idle = c.now
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
