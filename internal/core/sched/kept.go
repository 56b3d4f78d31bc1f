package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Kept is a cached RDD that the tasks of a stage read.
type Kept struct {
	RDD        ids.RDDID
	Whole      int     // partitions that it has
	Partitions []int32 // that each task reads first, by the partition of its stage; -1 for none; nil: its own number
	// Through is the cached RDDs that stand right over it, by their place in StageSpec.Kept: where one of them is cached, this one is not
	// read. -1 says that it is also read where none stands between, and nil that it is read only so.
	Through []int32
}

// BlockChange says that an executor has a partition of a cached RDD, or has it no more.
type BlockChange struct {
	RDD       ids.RDDID
	Partition int32
	There     bool
}

// keptTable says which executors have which partitions of cached RDDs. Its maps are looked up, never ranged over. It may name
// executors that are lost, whose ids do not come again.
type keptTable map[ids.RDDID]map[int32][]ids.ExecutorID

func (t keptTable) change(ev BlocksChanged) {
	for _, b := range ev.Blocks {
		parts := t[b.RDD]
		there := slices.DeleteFunc(parts[b.Partition], func(e ids.ExecutorID) bool { return e == ev.Executor })
		if b.There {
			there = append(there, ev.Executor)
		}
		switch {
		case len(there) == 0:
			if delete(parts, b.Partition); len(parts) == 0 {
				delete(t, b.RDD)
			}
			continue
		case parts == nil:
			parts = map[int32][]ids.ExecutorID{}
			t[b.RDD] = parts
		}
		parts[b.Partition] = there
	}
}

// dropHalfKept drops those cached RDDs of which the tasks of a barrier stage would find some partitions only.
func (c *Core) dropHalfKept(s *StageSpec) {
	for _, id := range s.KeptTogether {
		there := 0
		for p := range int32(s.Partitions) {
			if slices.ContainsFunc(c.kept[id][p], func(e ids.ExecutorID) bool { return c.executor(e) != nil }) {
				there++
			}
		}
		if there > 0 && there < s.Partitions {
			delete(c.kept, id)
			c.do(DropRDD{id})
		}
	}
}

// placesOf says where the tasks of a stage would like to run, as it is now: where the cached partitions are that they read, else
// where the stage says, else where much of their input is. It is nil when they do not care.
func (c *Core) placesOf(s *StageSpec) func(partition int32) []Place {
	isKept := func(k Kept) bool { return len(c.kept[k.RDD]) > 0 }
	near := c.nearInput(s)
	if s.Prefer == nil && near == nil && (c.alive < 2 || !slices.ContainsFunc(s.Kept, isKept)) {
		return nil
	}
	places := make([][]Place, s.Partitions)
	for p := range places {
		if places[p] = c.keptAt(s, int32(p)); places[p] == nil && s.Prefer != nil {
			places[p] = c.withRacks(s.Prefer[p])
		}
		if places[p] == nil && near != nil {
			places[p] = near[p]
		}
	}
	return func(p int32) []Place { return places[p] }
}

// withRacks gives the places with the racks of those hosts of which the rack is known.
func (c *Core) withRacks(places []Place) []Place {
	if len(c.racks) == 0 {
		return places
	}
	places = slices.Clone(places)
	for i := range places {
		at := &places[i]
		if h := c.hosts[at.Host]; h != nil && at.Rack == "" {
			at.Rack = h.rack
		}
	}
	return places
}

// keptAt gives where the first cached partition is that the task of partition p reads.
func (c *Core) keptAt(s *StageSpec, p int32) (places []Place) {
	for _, k := range s.Kept {
		q := p
		if k.Partitions != nil {
			q = k.Partitions[p]
		}
		for _, id := range c.kept[k.RDD][q] {
			if e := c.executor(id); e != nil {
				at := e.spot()
				places = append(places, Place{Executor: id, OnExecutor: true, Host: at.Host, Rack: at.Rack})
			}
		}
		if places != nil {
			return places
		}
	}
	return nil
}
