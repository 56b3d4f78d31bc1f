package sched

import (
	"cmp"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// keptTable is what is known of cached RDDs, by id.
type keptTable []*keptRDD

// keptRDD is what is known of one cached RDD.
type keptRDD struct {
	id ids.RDDID
	// parts says which executors have which partitions. It is looked up, never ranged over. It may name executors that are lost, whose
	// ids do not come again.
	parts map[int32][]ids.ExecutorID
	// of is the shuffles of which it is made, as far down as the next ones.
	of []ids.ShuffleID
	// generation counts how often all its partitions were given up, because what they were made of had changed: see rollback.go.
	generation int32
	// released says that it is cached no more, for all that is known. Tasks may yet leave what they began before, and it may be cached
	// again: it is forgotten with the shuffles of which it is made, which cannot change any more then.
	released bool
}

// find gives a cached RDD, or nil.
func (t keptTable) find(id ids.RDDID) *keptRDD {
	if at, ok := t.place(id); ok {
		return t[at]
	}
	return nil
}

func (t keptTable) place(id ids.RDDID) (at int, ok bool) {
	return slices.BinarySearchFunc(t, id, func(k *keptRDD, id ids.RDDID) int { return cmp.Compare(k.id, id) })
}

// open gives a cached RDD, which is entered when it is not known.
func (t *keptTable) open(id ids.RDDID) *keptRDD {
	at, ok := t.place(id)
	if !ok {
		*t = slices.Insert(*t, at, &keptRDD{id: id, parts: map[int32][]ids.ExecutorID{}})
	}
	return (*t)[at]
}

// releaseRDD follows from the end of an RDD's caching.
func (c *Core) releaseRDD(id ids.RDDID) {
	if k := c.kept.find(id); k != nil {
		k.clear()
		k.released = true
		c.forgetReleased()
	}
}

// forgetReleased forgets the released RDDs that are made of no shuffle that there still is.
func (c *Core) forgetReleased() {
	c.kept = slices.DeleteFunc(c.kept, func(k *keptRDD) bool {
		return k.released && !slices.ContainsFunc(k.of, func(id ids.ShuffleID) bool { return c.byShuffle[id] != nil })
	})
}

// change enters what an executor tells. What it tells of partitions that were given up is no news.
func (t *keptTable) change(ev BlocksChanged) {
	for _, b := range ev.Blocks {
		k := t.find(b.RDD)
		if k == nil && b.There && b.Generation == 0 {
			k = t.open(b.RDD)
		}
		if k != nil && b.Generation == k.generation {
			k.change(ev.Executor, b)
		}
	}
}

func (k *keptRDD) change(e ids.ExecutorID, b BlockChange) {
	there := slices.DeleteFunc(k.parts[b.Partition], func(had ids.ExecutorID) bool { return had == e })
	if b.There {
		there = append(there, e)
	}
	if len(there) == 0 {
		delete(k.parts, b.Partition)
		return
	}
	k.parts[b.Partition] = there
}

// at gives the executors that have a partition, or had it when they were lost.
func (k *keptRDD) at(partition int32) []ids.ExecutorID {
	if k == nil {
		return nil
	}
	return k.parts[partition]
}

// isSomewhere says that executors have partitions of it, or had some when they were lost.
func (k *keptRDD) isSomewhere() bool { return k != nil && len(k.parts) > 0 }

func (k *keptRDD) clear() { clear(k.parts) }

// madeOf notes of which shuffles the cached RDDs of a stage are made.
func (t *keptTable) madeOf(s *StageSpec) {
	if len(s.Kept) == 0 {
		return
	}
	below := make([][]ids.ShuffleID, len(s.Kept))
	reads := func(through []int32, shuffles ...ids.ShuffleID) {
		for _, k := range through {
			if k >= 0 {
				below[k] = append(below[k], shuffles...)
			}
		}
	}
	for i, through := range s.Through {
		reads(through, s.Parents[i])
	}
	for i := len(below) - 1; i >= 0; i-- { // those below come behind
		k := t.open(s.Kept[i].RDD)
		k.released = false
		k.of = append(k.of, below[i]...)
		slices.Sort(k.of)
		k.of = slices.Compact(k.of)
		reads(s.Kept[i].Through, below[i]...)
	}
}

// isMadeOf says that some shuffle of the list went into it.
func (k *keptRDD) isMadeOf(shuffles []ids.ShuffleID) bool {
	return slices.ContainsFunc(k.of, func(id ids.ShuffleID) bool { return slices.Contains(shuffles, id) })
}
