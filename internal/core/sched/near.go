package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// nearPart is the part of what a reduce task reads that makes a host worth preferring (Spark's REDUCER_PREF_LOCS_FRACTION).
const nearPart = 0.2

// nearInput gives where each task of a stage finds much of the map outputs that it reads: hosts, since executors of one host read each
// other's files. A task that would prefer every host there is prefers none. It is nil when the tasks do not read the reduce partitions of
// their own numbers, or nobody asks.
func (c *Core) nearInput(s *StageSpec) [][]Place {
	if c.cfg.FarReduces || len(c.hosts) < 2 || len(s.Parents) == 0 {
		return nil
	}
	places := make([][]Place, s.Partitions)
	some := false
	for _, id := range s.Parents {
		in := c.outputs.Find(id)
		if in == nil || in.Reduces() != s.Partitions {
			return nil
		}
		for p, holders := range in.Large(nearPart) {
			for _, e := range holders {
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

// nearHost adds the host of an executor to the places of a task, once.
func (c *Core) nearHost(to []Place, id ids.ExecutorID) []Place {
	e := c.executor(id)
	if e == nil || slices.ContainsFunc(to, func(at Place) bool { return at.Host == e.host.name }) {
		return to
	}
	at := e.spot()
	return append(to, Place{Host: at.Host, Rack: at.Rack})
}
