package sched

import "github.com/kilnproject/kiln/internal/core/ids"

// orders are the launches of one Step with the stages that are shipped for them. They are given at its end, those of one executor
// together, executors in the order in which they got their first. The lists are kept here, where the last Step left them in the
// caches, and not with the executors, of which each Step meets others.
type orders struct {
	batches []batch
	list    []order
}

// batch is what one executor is ordered. Lists are linked by place plus one; zero ends them.
type batch struct {
	executor         *executor
	ships, lastShip  int32
	launch, lastTask int32
}

type order struct {
	what Action
	next int32
}

// len is how many actions there are.
func (o *orders) len() int { return len(o.list) }

// ship orders a stage for an executor. It comes before all launches.
func (o *orders) ship(e *executor, ref ids.StageRef, listing int32) {
	b := o.of(e)
	o.link(&b.ships, &b.lastShip, ShipStage{e.id, ref, listing})
}

// launch orders a task attempt for an executor.
func (o *orders) launch(e *executor, l *Launch) {
	b := o.of(e)
	o.link(&b.launch, &b.lastTask, l)
}

// of gives the batch of an executor.
func (o *orders) of(e *executor) *batch {
	if e.batch == 0 {
		o.batches = append(o.batches, batch{executor: e})
		e.batch = place(len(o.batches))
	}
	return &o.batches[e.batch-1]
}

func (o *orders) link(first, last *int32, what Action) {
	o.list = append(o.list, order{what: what})
	at := int32(len(o.list))
	if *last == 0 {
		*first = at
	} else {
		o.list[*last-1].next = at
	}
	*last = at
}

// giveOrders gives the launches of this Step, those of one executor together.
func (c *Core) giveOrders() {
	o := &c.orders
	for i := range o.batches {
		b := &o.batches[i]
		for _, at := range [...]int32{b.ships, b.launch} {
			for at != 0 {
				c.do(o.list[at-1].what)
				at = o.list[at-1].next
			}
		}
		b.executor.batch = 0
	}
	clear(o.batches)
	clear(o.list)
	o.batches, o.list = o.batches[:0], o.list[:0]
}
