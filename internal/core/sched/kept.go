package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
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
	RDD        ids.RDDID
	Partition  int32
	There      bool
	Generation int32      // of the partition: see task.Cached
	Level      task.Level // how it is kept, while it is there
}

// dropHalfKept drops those cached RDDs of which the tasks of a barrier stage would find some partitions only.
func (c *Core) dropHalfKept(s *StageSpec) {
	for _, id := range s.KeptTogether {
		there, k := 0, c.kept.find(id)
		for p := range int32(s.Partitions) {
			if slices.ContainsFunc(k.at(p), func(e ids.ExecutorID) bool { return c.executor(e) != nil }) {
				there++
			}
		}
		if there > 0 && there < s.Partitions {
			c.giveUpKept(k)
			c.do(DropRDD{id})
		}
	}
}

// placesOf says where the tasks of a stage would like to run, as it is now: where the cached partitions are that they read, else
// where the stage says, else where much of their input is. It is nil when they do not care.
func (c *Core) placesOf(s *StageSpec) func(partition int32) []Place {
	isKept := func(k Kept) bool { return c.kept.find(k.RDD).isSomewhere() }
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
		for _, id := range c.kept.find(k.RDD).at(q) {
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
