package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// nearPart is the part of what a reduce task reads that makes a host worth preferring (Spark's REDUCER_PREF_LOCS_FRACTION).
const nearPart = 0.2

// nearInput gives where each task of a stage finds much of the map outputs that it reads: hosts, since executors of one host read each
// other's files. Of a task that reads several partitions of a shuffle the first one counts of which a host has much. A task that would
// prefer every host there is prefers none. It is nil when it is not known what the tasks read, or nobody asks.
func (c *Core) nearInput(s *StageSpec) [][]Place {
	if c.cfg.FarReduces || len(c.hosts) < 2 || len(s.Parents) == 0 {
		return nil
	}
	places := make([][]Place, s.Partitions)
	some := false
	for i, id := range s.Parents {
		in := c.outputs.Find(id)
		if in == nil || s.Reads == nil && !s.readsOwn(in.Reduces()) {
			return nil
		}
		large := in.Large(nearPart)
		for p := range places {
			for _, e := range s.holders(large, i, int32(p)) {
				places[p] = c.nearHost(places[p], e)
			}
			some = some || len(places[p]) > 0
		}
	}
	if !some {
		return nil
	}
	for p := range places {
		if len(places[p]) >= len(c.hosts) {
			places[p] = nil
		}
	}
	if !slices.ContainsFunc(places, func(at []Place) bool { return at != nil }) {
		return nil
	}
	return places
}

// holders gives the executors with much of what a task reads of a parent, of which large tells who has much of each reduce partition.
func (s *StageSpec) holders(large [][]ids.ExecutorID, parent int, p int32) []ids.ExecutorID {
	if large == nil {
		return nil
	}
	if s.Reads == nil {
		return large[p]
	}
	for _, q := range s.Reads[parent].of(p) {
		if len(large[q]) > 0 {
			return large[q]
		}
	}
	return nil
}

// nearHost adds the host of an executor to the places of a task, once.
func (c *Core) nearHost(to []Place, id ids.ExecutorID) []Place {
	e := c.executor(id)
	if e == nil || slices.ContainsFunc(to, func(at Place) bool { return at.Host == e.host.name }) {
		return to
	}
	at := e.spot()
	return append(to, Place{Host: at.Host, Rack: at.Rack})
}
