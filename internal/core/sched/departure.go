package sched

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/mapout"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Move is how map outputs and cached partitions leave executors that drain. A zero field takes the default that stands beside it, which is
// Spark's where Spark has one.
type Move struct {
	Off       bool          // map outputs stay: such an executor waits until nobody needs them
	LeaveKept bool          // cached partitions go with it
	AtOnce    int           // blocks on their way from one executor, and to one; 8
	Failures  int           // times that copying one block may fail; 3
	Wait      time.Duration // how long an executor stays for blocks that nobody takes; 0 means as long as they are needed
}

func (m Move) withDefaults() Move {
	if m.AtOnce <= 0 {
		m.AtOnce = 8
	}
	if m.Failures <= 0 {
		m.Failures = 3
	}
	return m
}

// departure is how an executor goes. While it drains others take copies of the blocks that only it has.
type departure struct {
	doubt   string        // why it is suspected
	queue   []ids.BlockID // blocks still to be copied; some may be gone by now
	flights []flight      // copies on their way
	failed  map[ids.BlockID]failures
	readers map[ids.TaskID]struct{} // when it has drained: who may yet read from it; looked up, never ranged over
	stuck   Time                    // since when it has nothing to do but to wait for readers, or for blocks that nobody takes; valid while waits is set
	waits   bool
}

// flight is a block on its way to another executor.
type flight struct {
	block ids.BlockID
	to    ids.ExecutorID
}

// failures are how often copying a block has failed, and where it did last.
type failures struct {
	times int
	last  ids.ExecutorID
}

// moveBlocks orders copies of what only an executor has that drains, as many at once as may be. When nothing of it is on its way any more it
// looks anew for what is left: what could not be copied, what its last tasks left, and what others had and lost.
func (c *Core) moveBlocks(e *executor) {
	d := e.departure
	for len(d.flights) < c.cfg.Move.AtOnce && c.room() {
		if len(d.queue) == 0 && len(d.flights) == 0 {
			d.queue = c.toMove(e)
		}
		if len(d.queue) == 0 {
			return
		}
		if b := d.queue[0]; c.isSole(b, e) {
			to := c.receiver(d.failed[b])
			if to == nil {
				return
			}
			c.copyTo(to, e, b)
		}
		d.queue = d.queue[1:]
	}
}

// toMove names what only an executor has and others may copy: map outputs first, which are dearer to lose.
func (c *Core) toMove(e *executor) (list []ids.BlockID) {
	if !c.cfg.Move.Off {
		for _, o := range c.outputs.SoleOf(e.id) {
			list = append(list, ids.Output(o.Shuffle, int(o.Map), 0))
		}
	}
	if !c.cfg.Move.LeaveKept {
		list = append(list, c.soleKept(e)...)
	}
	return slices.DeleteFunc(list, func(b ids.BlockID) bool { return e.departure.failed[b].times >= c.cfg.Move.Failures })
}

// isSole says that an executor has a block and nobody else does.
func (c *Core) isSole(b ids.BlockID, e *executor) bool {
	if b.Kind == ids.RDDBlock {
		return c.hasAlone(e, b)
	}
	return c.outputs.IsSole(outputOf(b), e.id)
}

// outputsFirst is told that a task has left the executor: what it wrote goes before cached partitions.
func (d *departure) outputsFirst() {
	if d != nil && len(d.queue) > 0 && d.queue[0].Kind == ids.RDDBlock {
		d.queue = nil
	}
}

// moves says that something of what only an executor has is on its way or yet to be: to look through all that it has is the last resort.
func (c *Core) moves(e *executor) bool {
	d := e.departure
	return slices.ContainsFunc(d.flights, func(f flight) bool { return c.isSole(f.block, e) }) ||
		slices.ContainsFunc(d.queue, func(b ids.BlockID) bool { return c.isSole(b, e) }) ||
		len(c.toMove(e)) > 0
}

// outputOf names the map output that a block is a piece of.
func outputOf(b ids.BlockID) mapout.Name { return mapout.Name{Shuffle: ids.ShuffleID(b.A), Map: b.B} }

func (c *Core) copyTo(to, from *executor, b ids.BlockID) {
	to.arriving++
	from.departure.flights = append(from.departure.flights, flight{b, to.id})
	x := task.Copy{Block: b, From: task.Location{Executor: from.id}}
	if b.Kind == ids.RDDBlock {
		k := c.kept.find(ids.RDDID(b.A))
		x.Generation, x.Level = k.generation, k.level
	} else {
		s := c.byShuffle[ids.ShuffleID(b.A)]
		x.Generation, x.Reduces, x.Digest = s.generation, s.spec.Reduces, s.outputs.Digest(b.B)
	}
	c.do(CopyBlock{to.id, x})
}

// receiver gives the next executor that can take a copy, or nil. They take turns; one that has just failed comes last.
func (c *Core) receiver(past failures) (last *executor) {
	n := len(c.executors)
	for range n {
		c.turn = (c.turn + 1) % n
		e := c.executors[c.turn]
		switch {
		case e == nil || !e.takesTasks() || int(e.arriving) >= c.cfg.Move.AtOnce:
		case past.times > 0 && past.last == e.id:
			last = e
		default:
			return e
		}
	}
	return last
}

// landed ends a flight, if it is one, and gives its executors something to do.
func (c *Core) landed(b ids.BlockID, from, to ids.ExecutorID) (was bool) {
	e := c.executor(from)
	if e == nil || e.departure == nil {
		return false
	}
	at := slices.Index(e.departure.flights, flight{b, to})
	if at < 0 {
		return false
	}
	e.departure.flights = slices.Delete(e.departure.flights, at, at+1)
	if r := c.executor(to); r != nil {
		r.arriving--
	}
	c.lookAtDrainers()
	return true
}

// copyEnded follows from the end of a copy, ordered or not. Where it has failed another executor tries, unless too many have; one that takes no
// more tasks has said nothing about the block. That an executor has a cached partition it has said before: when it has thrown it out since, the
// partition is copied again, but no more often than one that cannot be copied at all.
func (c *Core) copyEnded(ev CopyEnded) {
	x, at := ev.Copied, c.executor(ev.Executor)
	was := c.landed(x.Block, x.From, ev.Executor)
	switch {
	case x.Error == "" && x.Block.Kind == ids.OutputBlock:
		c.outputCopied(ev.Executor, x)
	case was && (x.Error == "" || at != nil && at.takesTasks()):
		c.executor(x.From).departure.tried(x.Block, ev.Executor)
	}
}

// tried counts one of the times that copying a block may fail.
func (d *departure) tried(b ids.BlockID, at ids.ExecutorID) {
	if d.failed == nil {
		d.failed = map[ids.BlockID]failures{}
	}
	d.failed[b] = failures{d.failed[b].times + 1, at}
}

// missFlights is told that an executor is about to be forgotten, with what was on its way to and from it.
func (c *Core) missFlights(e *executor) {
	if e.departure != nil {
		for _, f := range e.departure.flights {
			if to := c.executor(f.to); to != nil {
				to.arriving--
			}
		}
		e.departure = nil
		c.lookAtDrainers()
	}
	if e.arriving == 0 {
		return
	}
	for _, from := range c.executors {
		if from != nil && from.departure != nil {
			from.departure.missed(e.id)
		}
	}
	c.lookAtDrainers()
}

// missed forgets what was on its way to an executor.
func (d *departure) missed(to ids.ExecutorID) {
	d.flights = slices.DeleteFunc(d.flights, func(f flight) bool { return f.to == to })
}

// letWait sets an end to the waiting of an executor that has nothing to do but to hold blocks that nobody takes.
func (c *Core) letWait(e *executor) {
	d := e.departure
	if len(e.attempts) > 0 || len(d.flights) > 0 || len(d.queue) > 0 && c.takesTasks() {
		d.waits = false
		return
	}
	if !d.waits {
		c.boundWait(e)
	}
}

// boundWait sets an end to the waiting of an executor that begins now.
func (c *Core) boundWait(e *executor) {
	if wait := c.cfg.Move.Wait; wait > 0 {
		e.departure.waits, e.departure.stuck = true, c.now
		c.alarms.set(c.now+wait, e.id, patienceDue)
	}
}

// patience says that an alarm for the end of that waiting still means it.
func (e *executor) patience(at Time, wait time.Duration) bool {
	return e.phase == draining && e.departure.waits && e.departure.stuck+wait == at
}

// leaveBehind orders an executor to go with what nobody takes: it is computed again when it is needed.
func (c *Core) leaveBehind(e *executor) {
	var left []string
	if n := c.outputs.Sole(e.id); n > 0 {
		left = append(left, fmt.Sprintf("%d of its map outputs", n))
	}
	if n := len(c.soleKept(e)); n > 0 && !c.cfg.Move.LeaveKept {
		left = append(left, fmt.Sprintf("%d of its cached partitions", n))
	}
	if left == nil {
		c.order(e, fmt.Sprintf("it is drained, and others may have read from it for %v", c.cfg.Move.Wait), false)
		return
	}
	c.order(e, fmt.Sprintf("nobody took %s within %v", strings.Join(left, " and "), c.cfg.Move.Wait), false)
}
