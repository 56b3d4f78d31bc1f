package sched

import "github.com/kilnproject/kiln/internal/core/ids"

// Cached partitions leave an executor that drains in the same way as map outputs, and after them: they can be computed again as long as there
// is what they are made of. So one that nobody has room for is given up, and one that somebody else has stays where it is.

// soleKept names the cached partitions that only an executor has, by RDD and partition.
func (c *Core) soleKept(e *executor) (list []ids.BlockID) {
	for _, b := range c.kept.of(e.id) {
		if c.hasAlone(e, b) {
			list = append(list, b)
		}
	}
	return list
}

// hasAlone says that an executor has a cached partition that is wanted, and nobody else has it who can be read from.
func (c *Core) hasAlone(e *executor, b ids.BlockID) (has bool) {
	k := c.kept.find(ids.RDDID(b.A))
	if k == nil || k.released {
		return false
	}
	for _, id := range k.at(b.B) {
		if id != e.id && c.canBeRead(id) {
			return false
		}
		has = has || id == e.id
	}
	return has
}

// giveUpKept forgets where the partitions of a cached RDD are. Those who drain need not hand them over.
func (c *Core) giveUpKept(k *keptRDD) {
	c.kept.clear(k)
	c.lookAtDrainers()
}

// lookAtKeepers looks at those that drain, of some executors: what only they have may be another now.
func (c *Core) lookAtKeepers(list []ids.ExecutorID) {
	for _, id := range list {
		if e := c.executor(id); e != nil && e.phase == draining {
			c.drained = append(c.drained, e)
		}
	}
}
