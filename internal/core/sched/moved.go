package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
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
func (c *Core) outputCopied(at ids.ExecutorID, x task.Copied) {
	o := outputOf(x.Block)
	s := c.byShuffle[o.Shuffle]
	switch to := c.executor(at); {
	case to == nil || to.phase == leaving || to.phase == draining && to.departure.countReaders() > 0:
		return
	case s == nil: // the copy was made while the shuffle was dropped
		c.do(DropShuffle{o.Shuffle})
		return
	case x.Generation != s.generation: // what it is a copy of was taken back meanwhile
		return
	}
	had := o.Map >= 0 && int(o.Map) < s.outputs.Maps() && s.outputs.Has(o.Map)
	if !had && s.spec.Barrier { // it is gone with the attempt that wrote it: its tasks run again together
		return
	}
	if !s.outputs.AddCopy(o.Map, x.From, at, x.Digest) {
		return
	}
	if from := c.executor(x.From); from != nil && from.phase == draining {
		c.drained = append(c.drained, from)
	}
	if !had {
		c.partitionDone(s, o.Map, nil)
		c.mapWent(s)
	}
}
