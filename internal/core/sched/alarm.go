package sched

import (
	"container/heap"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// alarm is a moment at which something about an executor or a run is looked at. It is not taken back when it has lost its sense: it is
// passed over when its time comes.
type alarm struct {
	at    Time
	order int
	id    ids.ExecutorID
	run   *run
	what  due
}

// due is what an alarm is for.
type due uint8

const (
	silenceDue  due = iota // the executor may have been silent for too long
	deadlineDue            // it has had its time to drain
	reasonDue              // nobody said why its link has ended
	patienceDue            // it has waited long enough for others to take its map outputs
	slowDue                // some tasks of the run may be slow
)

// alarms are a heap: the first one is the next.
type alarms struct {
	heap  []alarm
	order int // alarms for the same time ring in the order in which they were set
}

func (a *alarms) Len() int { return len(a.heap) }
func (a *alarms) Less(i, j int) bool {
	x, y := &a.heap[i], &a.heap[j]
	return x.at < y.at || x.at == y.at && x.order < y.order
}
func (a *alarms) Swap(i, j int) { a.heap[i], a.heap[j] = a.heap[j], a.heap[i] }
func (a *alarms) Push(x any)    { a.heap = append(a.heap, x.(alarm)) }
func (a *alarms) Pop() any {
	last := a.heap[len(a.heap)-1]
	a.heap = a.heap[:len(a.heap)-1]
	return last
}

func (a *alarms) set(at Time, id ids.ExecutorID, what due) {
	a.order++
	heap.Push(a, alarm{at: at, order: a.order, id: id, what: what})
}

// setRun is set for a run.
func (a *alarms) setRun(at Time, r *run, what due) {
	a.order++
	heap.Push(a, alarm{at: at, order: a.order, run: r, what: what})
}

// next gives the next alarm that means anything.
func (c *Core) nextAlarm() (alarm, bool) {
	for len(c.alarms.heap) > 0 {
		if a := c.alarms.heap[0]; c.matters(a) {
			return a, true
		}
		heap.Pop(&c.alarms)
	}
	return alarm{}, false
}

func (c *Core) matters(a alarm) bool {
	if a.what == slowDue {
		return a.run.copies.nextCheck == a.at
	}
	e := c.executor(a.id)
	switch {
	case e == nil:
		return false
	case a.what == deadlineDue:
		return e.phase == draining
	case a.what == patienceDue:
		return e.patience(a.at, c.cfg.Move.Wait)
	case a.what == reasonDue:
		return e.phase == suspected
	}
	return true
}

// ring lets the alarms ring whose time has come.
func (c *Core) ringAlarms() {
	for {
		a, ok := c.nextAlarm()
		if !ok || c.now < a.at {
			return
		}
		heap.Pop(&c.alarms)
		switch e := c.executor(a.id); a.what {
		case slowDue:
			c.findSlow(a.run)
		case silenceDue:
			c.checkSilence(e)
		case deadlineDue:
			c.order(e, "its time to drain is over", false)
		case patienceDue:
			c.leaveBehind(e)
		case reasonDue:
			c.loseExecutor(ExecutorLost{ID: e.id, Reason: e.departure.doubt})
		}
	}
}

// checkSilence gives up an executor from which nothing was heard for too long. Otherwise it is looked at again when that may be so.
func (c *Core) checkSilence(e *executor) {
	if until := e.heard + c.cfg.Silence; c.now < until {
		c.alarms.set(until, e.id, silenceDue)
		return
	}
	c.endExecutor(e, "it is silent", true)
	c.loseExecutor(ExecutorLost{ID: e.id, Reason: fmt.Sprintf("it was silent for %v", c.now-e.heard)})
}
