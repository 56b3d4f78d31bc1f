package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/mapout"
)

// listing is where the tasks of a run find the map outputs that they read, as executors were told.
type listing struct {
	number  int32 // how often they were told anew
	version int   // of the inputs, when they were told or before
}

// versionOf changes whenever tasks may look in vain for map outputs of some shuffles where they were before. So an executor that drains costs
// one new list when it goes, and not one for each copy.
func (c *Core) versionOf(shuffles []ids.ShuffleID) (sum int) {
	for _, p := range shuffles {
		sum += c.outputs.Find(p).Version()
	}
	return sum
}

// relist lets the tasks of a run that are launched from now on look for map outputs where they are now.
func (r *run) relist(version int) {
	r.outdated.addAll(r.shipped)
	clear(r.shipped)
	r.listing = listing{r.listing.number + 1, version}
}

// looksElsewhere says that a task that could not find a map output may find it when it runs again in the same run: all outputs are
// there, and some have come or gone since the task's executor was told of them. So a run cannot go round in circles.
func (c *Core) looksElsewhere(r *run, told uint8) bool {
	return c.inputsThere(r) && told != uint8(r.listing.number)
}

// outputCopied enters one more place of a map output. An executor that drains may go when it was the last one that only it had; an
// output that was lost is there again.
func (c *Core) outputCopied(ev OutputCopied) {
	c.landed(mapout.Name{Shuffle: ev.Shuffle, Map: ev.Map}, ev.From, ev.To)
	s := c.byShuffle[ev.Shuffle]
	switch to := c.executor(ev.To); {
	case to == nil || to.phase == leaving || to.phase == draining && to.departure.countReaders() > 0:
		return
	case s == nil: // the copy was made while the shuffle was dropped
		c.do(DropShuffle{ev.Shuffle})
		return
	case ev.Generation != s.generation: // what it is a copy of was taken back meanwhile
		return
	}
	had := ev.Map >= 0 && int(ev.Map) < s.outputs.Maps() && s.outputs.Has(ev.Map)
	if !had && s.spec.Barrier { // it is gone with the attempt that wrote it: its tasks run again together
		return
	}
	if !s.outputs.AddCopy(ev.Map, ev.From, ev.To, ev.Digest) {
		return
	}
	if from := c.executor(ev.From); from != nil && from.phase == draining {
		c.drained = append(c.drained, from)
	}
	if !had {
		c.partitionDone(s, ev.Map, nil)
		c.mapWent(s)
	}
}
