package sched

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// What lies below a cached RDD is not needed when executors have all its partitions: a stage then begins without map outputs that it would
// read otherwise, and nobody computes them, however they were lost. So it is in Spark.
//
// Cached partitions may go while the stage runs. A task then computes what it does not find, asks for a map output that is nowhere, and
// ends with a failed fetch. That is nobody's fault: it does not count as one of the attempts after which a stage is given up, and the
// stage begins anew with what was asked for. It does so once for each shuffle until it is done, even if everything is said to be cached again:
// where the scheduler and the tasks do not see the same, it would not end else.

// needs gives those shuffles that a stage can not do without, as its cached RDDs are now.
func (c *Core) needs(s *stage) []ids.ShuffleID {
	if s.spec.Through == nil {
		return s.spec.Parents
	}
	read := make([]bool, len(s.spec.Kept)) // below these
	for i := range read {
		k := &s.spec.Kept[i]
		read[i] = isRead(k.Through, read) && !c.isWhole(k)
	}
	var needs []ids.ShuffleID
	for i, p := range s.spec.Parents {
		if isRead(s.spec.Through[i], read) || slices.Contains(s.lacked, p) {
			needs = append(needs, p)
		}
	}
	return needs
}

// isRead says whether there is a way to something that is read through some cached RDDs, of which it is known below which ones tasks read.
func isRead(through []int32, below []bool) bool {
	return through == nil || slices.ContainsFunc(through, func(k int32) bool { return k < 0 || below[k] })
}

// isWhole says that executors have all partitions of a cached RDD.
func (c *Core) isWhole(k *Kept) bool {
	known := c.kept.find(k.RDD)
	if !known.isSomewhere() || k.Whole == 0 {
		return false
	}
	for p := range int32(k.Whole) {
		if !slices.ContainsFunc(known.at(p), c.canBeRead) {
			return false
		}
	}
	return true
}

// canBeRead says that others may read from an executor: it is there, and not known to be going.
func (c *Core) canBeRead(id ids.ExecutorID) bool {
	e := c.executor(id)
	return e != nil && (e.phase == active || e.phase == draining)
}

// wasSkipped says that a run was begun without the shuffle that a task of it has asked for, and that it cannot go on. Where somebody else
// has computed the shuffle meanwhile, the run needs it from now on, and can; but a barrier stage begins anew for every task.
func (c *Core) wasSkipped(r *run, shuffle ids.ShuffleID) bool {
	if slices.Contains(r.needs, shuffle) {
		return false
	}
	r.stage.lacked = append(r.stage.lacked, shuffle)
	r.needs = append(slices.Clone(r.needs), shuffle)
	return r.gang != nil || !c.outputs.Find(shuffle).Complete()
}

// throughMakesSense says that what is told of the ways to what a stage reads can be: cached RDDs come before those below them.
func (s *StageSpec) throughMakesSense() bool {
	for i := range s.Kept {
		if !areBefore(s.Kept[i].Through, i) || s.Kept[i].Whole < 0 || s.Kept[i].Whole > maxPartitions {
			return false
		}
	}
	return s.Through == nil || len(s.Through) == len(s.Parents) &&
		!slices.ContainsFunc(s.Through, func(through []int32) bool { return !areBefore(through, len(s.Kept)) })
}

func areBefore(through []int32, at int) bool {
	return !slices.ContainsFunc(through, func(k int32) bool { return k < -1 || int(k) >= at })
}
