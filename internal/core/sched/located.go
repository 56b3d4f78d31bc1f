package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// A task that does not find a cached partition at its own executor reads it from one that has it, as in Spark, and does not keep it: the
// next task for it should go where it is. Where that is it asks when it needs to know, so that the answer is of that moment, and nothing
// is sent for the many tasks that run where their partitions are.

// mostTried is how many executors a task asks for a cached partition before it computes it. Each may be silent for as long as the network's
// timeout.
const mostTried = 2

// describeKept says what a task must know of the cached RDDs that it reads. Of those that are nowhere, when there is no more to say,
// it says nothing: whoever computes them first asks nobody.
func (c *Core) describeKept(s *StageSpec) (list []task.Cached) {
	for i := range s.Kept {
		if k := c.kept.find(s.Kept[i].RDD); k.isSomewhere() || k != nil && k.generation > 0 {
			list = append(list, task.Cached{RDD: k.id, Generation: k.generation, Somewhere: k.isSomewhere()})
		}
	}
	return list
}

// locate gives other executors that have a cached partition: first those of the task's host, then those of its rack, then all others.
// Among equals tasks begin with different ones.
func (c *Core) locate(a *attempt, b ids.BlockID) []task.Location {
	places := []task.Location{} // an answer that is empty is one, too
	if b.Kind != ids.RDDBlock {
		return places
	}
	there := c.kept.find(ids.RDDID(b.A)).at(b.B)
	for far := range 3 {
		for i := range there {
			e := c.executor(there[(i+int(a.id))%len(there)])
			if e == nil || e == a.executor || !c.canBeRead(e.id) || e.distance(a.executor) != far {
				continue
			}
			if places = append(places, task.Location{Executor: e.id}); len(places) == mostTried {
				return places
			}
		}
	}
	return places
}

// distance is 0 for two executors of one host, 1 for two of one rack, and 2 else.
func (e *executor) distance(from *executor) int {
	switch {
	case e.host == from.host:
		return 0
	case e.rack != nil && e.rack == from.rack:
		return 1
	}
	return 2
}
