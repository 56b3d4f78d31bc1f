package sched

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// keptTable is what is known of cached RDDs.
type keptTable struct {
	rdds []*keptRDD // by id
	// held is the cached partitions that each executor has, by its id: by RDD and partition, named without their generation.
	held [][]ids.BlockID
}

// keptRDD is what is known of one cached RDD.
type keptRDD struct {
	id ids.RDDID
	// parts says which executors have which partitions.
	parts map[int32][]ids.ExecutorID
	// of is the shuffles of which it is made, as far down as the next ones.
	of []ids.ShuffleID
	// generation counts how often all its partitions were given up, because what they were made of had changed: see rollback.go.
	generation int32
	// level is how its partitions are kept, as executors told last.
	level task.Level
	// released says that it is cached no more, for all that is known. Tasks may yet leave what they began before, and it may be cached
	// again: it is forgotten with the shuffles of which it is made, which cannot change any more then.
	released bool
}

// find gives a cached RDD, or nil.
func (t *keptTable) find(id ids.RDDID) *keptRDD {
	if at, ok := t.place(id); ok {
		return t.rdds[at]
	}
	return nil
}

func (t *keptTable) place(id ids.RDDID) (at int, ok bool) {
	return slices.BinarySearchFunc(t.rdds, id, func(k *keptRDD, id ids.RDDID) int { return cmp.Compare(k.id, id) })
}

// open gives a cached RDD, which is entered when it is not known.
func (t *keptTable) open(id ids.RDDID) *keptRDD {
	at, ok := t.place(id)
	if !ok {
		t.rdds = slices.Insert(t.rdds, at, &keptRDD{id: id, parts: map[int32][]ids.ExecutorID{}})
	}
	return t.rdds[at]
}

// releaseRDD follows from the end of an RDD's caching.
func (c *Core) releaseRDD(id ids.RDDID) {
	if k := c.kept.find(id); k != nil {
		c.giveUpKept(k)
		k.released = true
		c.forgetReleased()
	}
}

// forgetReleased forgets the released RDDs that are made of no shuffle that there still is.
func (c *Core) forgetReleased() {
	c.kept.rdds = slices.DeleteFunc(c.kept.rdds, func(k *keptRDD) bool {
		is := k.released && !slices.ContainsFunc(k.of, func(id ids.ShuffleID) bool { return c.byShuffle[id] != nil })
		if is {
			c.kept.clear(k) // what tasks have left since
		}
		return is
	})
}

// blocksChanged enters what an executor tells. What it tells of partitions that were given up is no news.
func (c *Core) blocksChanged(ev BlocksChanged) {
	e := c.executor(ev.Executor)
	if e == nil {
		return
	}
	for _, b := range ev.Blocks {
		k := c.kept.find(b.RDD)
		if k == nil && b.There && b.Generation == 0 {
			k = c.kept.open(b.RDD)
		}
		if k == nil || b.Generation != k.generation {
			continue
		}
		if c.kept.change(k, e.id, b); c.drainers.len() > 0 {
			c.lookAtKeepers(k.at(b.Partition))
		}
	}
	c.lookAtKeepers([]ids.ExecutorID{e.id})
}

func (t *keptTable) change(k *keptRDD, e ids.ExecutorID, b BlockChange) {
	t.remove(k, b.Partition, e)
	if !b.There {
		return
	}
	for int(e) >= len(t.held) {
		t.held = append(t.held, nil)
	}
	name := k.block(b.Partition)
	at, _ := slices.BinarySearchFunc(t.held[e], name, byPartition)
	t.held[e] = slices.Insert(t.held[e], at, name)
	k.parts[b.Partition] = append(k.parts[b.Partition], e)
	if b.Level > 0 {
		k.level = b.Level
	}
}

// remove takes a partition from an executor that may have it.
func (t *keptTable) remove(k *keptRDD, partition int32, e ids.ExecutorID) {
	if k.removeFrom(partition, e) {
		at, _ := slices.BinarySearchFunc(t.held[e], k.block(partition), byPartition)
		t.held[e] = slices.Delete(t.held[e], at, at+1)
	}
}

func (k *keptRDD) removeFrom(partition int32, e ids.ExecutorID) (had bool) {
	there := k.parts[partition]
	at := slices.Index(there, e)
	switch {
	case at < 0:
		return false
	case len(there) == 1:
		delete(k.parts, partition)
	default:
		k.parts[partition] = slices.Delete(there, at, at+1)
	}
	return true
}

// of gives what an executor has.
func (t *keptTable) of(e ids.ExecutorID) []ids.BlockID {
	if int(e) >= len(t.held) {
		return nil
	}
	return t.held[e]
}

// lose forgets an executor that is gone.
func (t *keptTable) lose(e ids.ExecutorID) {
	for _, b := range t.of(e) {
		t.find(ids.RDDID(b.A)).removeFrom(b.B, e)
	}
	if int(e) < len(t.held) {
		t.held[e] = nil
	}
}

func byPartition(a, b ids.BlockID) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) }

// block names a partition, without its generation.
func (k *keptRDD) block(partition int32) ids.BlockID { return ids.RDD(k.id, int(partition)) }

// at gives the executors that have a partition.
func (k *keptRDD) at(partition int32) []ids.ExecutorID {
	if k == nil {
		return nil
	}
	return k.parts[partition]
}

// isSomewhere says that executors have partitions of it.
func (k *keptRDD) isSomewhere() bool { return k != nil && len(k.parts) > 0 }

// clear forgets where all partitions of an RDD are.
func (t *keptTable) clear(k *keptRDD) {
	if !k.isSomewhere() {
		return
	}
	ofRDD := func(b ids.BlockID, id ids.RDDID) int { return cmp.Compare(b.A, int64(id)) }
	for e, has := range t.held {
		from, _ := slices.BinarySearchFunc(has, k.id, ofRDD)
		to, _ := slices.BinarySearchFunc(has, k.id+1, ofRDD)
		t.held[e] = slices.Delete(has, from, to)
	}
	clear(k.parts)
}

// checkKept gives an error when what executors have is not what is somewhere.
func (c *Core) checkKept() error {
	t := &c.kept
	var all []ids.BlockID
	for e, has := range t.held {
		if len(has) > 0 && c.executor(ids.ExecutorID(e)) == nil {
			return fmt.Errorf("executor %d is gone, and has %v", e, has)
		}
		all = append(all, has...)
		for i, b := range has {
			if k := t.find(ids.RDDID(b.A)); k == nil || !slices.Contains(k.at(b.B), ids.ExecutorID(e)) || i > 0 && byPartition(has[i-1], b) >= 0 {
				return fmt.Errorf("executor %d has %v, which is not there, or twice", e, b)
			}
		}
	}
	held, parts, there := len(all), 0, 0
	slices.SortFunc(all, byPartition)
	all = slices.Compact(all)
	for _, b := range all {
		there += len(t.find(ids.RDDID(b.A)).at(b.B))
	}
	for _, k := range t.rdds {
		parts += len(k.parts)
	}
	if distinct := len(all); held != there || distinct != parts {
		return fmt.Errorf("%d cached partitions are in %d places, and executors have %d in %d", parts, there, distinct, held)
	}
	return nil
}

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
