package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// maxExecutors bounds the ids of executors, which index slices.
const maxExecutors = 1 << 22

// executor is a living executor. Invariant: it is in shape.free and in its host's list exactly while it is active and used <
// slots, and in shape.laden exactly while used > slots: task attempts wait there (see ahead.go).
//
// Each Step meets another one, which no cache has. So the fields that the end of a task and a launch look at come first, with
// their lists inside, and its host lies behind it (see site).
type executor struct {
	id        ids.ExecutorID
	batch     place // in Core.orders, while it has some of this Step
	host      *host
	shape     *shape
	slots     int
	used      int
	free      place // in shape.free
	freeHost  place // in host.turns, or 1 for a place there while it is alone
	laden     place // in shape.laden
	wide      int32 // task attempts that take more than one slot: none is launched ahead then
	slow      int32 // task attempts that deserve a copy: the same
	phase     phase
	barred    bool        // the application keeps away from it
	gone      bool        // it is lost, and about to be forgotten
	alone     bool        // on its host, and nobody has asked for the turns there: see host.free
	rack      *rack       // nil when it is not known
	attempts  []*attempt  // running, or with their results on their way; in no order that means anything. Others, unused, lie behind them
	few       [4]*attempt // where attempts begins
	idle      Time        // since when used is zero, while it is
	onHost    place       // in host.executors
	drains    place       // in Core.drainers, exactly while it is draining
	freeRack  place       // in rack.free
	replaced  bool        // another one was asked for in its place when it began to drain, and nobody has been told to end it
	arriving  int32       // copies of map outputs on their way to it
	departure *departure  // nil while it is active
	stock     *resource.Stock
	heard     Time          // when it last gave a sign of life
	blamed    *ids.StageRef // the first stage attempt that could not read one of its map outputs; nil when none
	exempt    string        // why its loss will be no task's fault: we made it go; empty when we did not
}

// host is a machine with living executors.
type host struct {
	turns     ring // those with free slots; empty while there is one that is alone
	executors ring
	name      string
	rack      string    // of the executor that registered last; empty when it is not known
	active    tally     // of its executors, those that are active
	first     *executor // beside it in its site, until one has registered
}

// site is a host and its first executor, which is the only one of most hosts: they are touched together.
type site struct {
	executor executor
	host     host
}

// rack is a part of the network with living executors.
type rack struct {
	name      string
	free      ring
	executors int
	active    tally // of these, those that are active
}

// spot says where an executor is.
func (e *executor) spot() taskset.Spot {
	at := taskset.Spot{Executor: e.id, Host: e.host.name}
	if e.rack != nil {
		at.Rack = e.rack.name
	}
	return at
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
	h := c.hostNamed(ev.Host)
	e := h.room()
	*e = executor{id: ev.ID, host: h, shape: c.shape(ev.Profile), slots: ev.Slots, stock: resource.NewStock(ev.Resources), heard: c.now, idle: c.now}
	e.attempts = e.few[:0]
	if h.executors.put(e); h.executors.len() == 1 {
		e.alone = true
	} else {
		h.free()
	}
	if ev.Rack != "" {
		e.rack, e.host.rack = c.rackNamed(ev.Rack), ev.Rack
		e.rack.executors++
	}
	c.countActive(e, 1)
	c.executors[ev.ID] = e
	c.alive++
	e.shape.alive++
	e.shape.renewal = nil
	c.unavailable = nil
	if c.cfg.Silence > 0 {
		c.alarms.set(c.now+c.cfg.Silence, e.id, silenceDue)
	}
	c.offerSlots(e)
	c.comesNear(e)
	c.lookAtDrainers()
	publish(c, ExecutorAdded{ev.ID, ev.Host, ev.Slots, ev.Profile})
	c.endSurplus(e)
	c.decommissionEarly(e)
}

// refusal says why an executor may not register, or nothing.
func (c *Core) refusal(ev ExecutorRegistered) string {
	switch {
	case ev.ID < 0 || ev.ID >= maxExecutors:
		return fmt.Sprintf("executor ids are from 0 to %d", maxExecutors-1)
	case ev.Slots <= 0:
		return fmt.Sprintf("it has %d slots, and needs at least one", ev.Slots)
	case !isProfile(ev.Profile):
		return fmt.Sprintf("profiles are from 0 to %d, and it is of %d", maxProfiles-1, ev.Profile)
	case c.seen.has(int(ev.ID)):
		return fmt.Sprintf("executor %v registered before: an id is used once", ev.ID)
	}
	if c.health.Refuses(ev.ID, ev.Host) == health.ApplicationOnHost {
		return fmt.Sprintf("the application excludes host %s, because %s", ev.Host, troubleThere)
	}
	return ""
}

// hostNamed gives a host, which is entered when it is new.
func (c *Core) hostNamed(name string) *host {
	h := c.hosts[name]
	if h == nil {
		s := &site{}
		h = &s.host
		h.name, h.first = name, &s.executor
		h.turns.member = func(e *executor) *place { return &e.freeHost }
		h.executors.member = func(e *executor) *place { return &e.onHost }
		h.turns.executors, h.executors.executors = h.turns.few[:0], h.executors.few[:0]
		c.hosts[name] = h
	}
	return h
}

// room gives a host's next executor its place in memory.
func (h *host) room() *executor {
	e := h.first
	if h.first = nil; e == nil {
		e = new(executor)
	}
	return e
}

// free gives the executors of a host with free slots. Most hosts have one executor, and no task that asks for the host: their turns
// are not kept until somebody asks, so that the end of a task need not touch the host.
func (h *host) free() *ring {
	if e := h.executors.executors[0]; e.alone {
		if e.alone = false; e.freeHost != 0 {
			h.turns.put(e)
		}
	}
	return &h.turns
}

func (c *Core) rackNamed(name string) *rack {
	k := c.racks[name]
	if k == nil {
		k = &rack{name: name}
		k.free.member = func(e *executor) *place { return &e.freeRack }
		c.racks[name] = k
	}
	return k
}

// countActive counts an executor that begins to take tasks, or one that takes them no more.
func (c *Core) countActive(e *executor, by int) {
	c.changes++
	e.shape.open += by
	e.shape.slots += by * e.slots
	e.shape.vacant += by * max(0, e.slots-e.used)
	e.host.active.add(e.shape.profile, by)
	if e.rack != nil {
		e.rack.active.add(e.shape.profile, by)
	}
}

// offerSlots offers an executor that has a free slot.
func (c *Core) offerSlots(e *executor) {
	if e.gone || !e.takesTasks() || e.used >= e.slots {
		return
	}
	if e.free == 0 {
		c.offered++
	}
	e.shape.free.add(e, c.chance)
	c.offerOnHost(e)
	if e.rack != nil {
		e.rack.free.add(e, c.chance)
	}
	c.freshly = append(c.freshly, e)
}

// offerOnHost gives an executor with a free slot its turn on its host. One that is alone draws for its place too: whether turns are
// kept changes no decision.
func (c *Core) offerOnHost(e *executor) {
	switch {
	case !e.alone:
		e.host.turns.add(e, c.chance)
	case e.freeHost == 0:
		c.chance.Uint64() // as ring.add does
		e.freeHost = 1
	}
}

// unoffer takes the free slots of an executor away, or says that it has none.
func (c *Core) unoffer(e *executor) {
	if e.free != 0 {
		c.offered--
	}
	e.shape.free.remove(e)
	if e.alone {
		e.freeHost = 0
	} else {
		e.host.turns.remove(e)
	}
	if e.rack != nil {
		e.rack.free.remove(e)
	}
}

// freeSlots counts a task attempt that has left an executor.
func (c *Core) freeSlots(e *executor, a *attempt) {
	n := a.run.ask.slots
	if e.use(-n); n > 1 {
		e.wide--
	}
	if g, ok := c.grants[a.id]; ok {
		e.stock.Give(g)
		delete(c.grants, a.id)
	}
	if e.used <= e.slots {
		e.shape.laden.remove(e)
	}
	if e.used == 0 {
		e.idle = c.now
	}
	if e.used >= e.slots && c.cfg.Speculation.Enabled {
		c.nextBegins(e, a)
	}
	c.offerSlots(e)
}

// use counts slots that are taken of an executor, or given back.
func (e *executor) use(slots int) {
	before := max(0, e.slots-e.used)
	if e.used += slots; e.takesTasks() {
		e.shape.vacant += max(0, e.slots-e.used) - before
	}
}

// takeSlots counts a task attempt that was launched on an executor.
func (c *Core) takeSlots(a *attempt) {
	e, n := a.executor, a.run.ask.slots
	if n > 1 {
		e.wide++
	}
	e.use(n)
	switch {
	case e.used > e.slots:
		e.shape.laden.add(e, c.chance)
	case e.used == e.slots:
		c.unoffer(e)
	}
}
