package sim

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// idle: no executor is let go for having nothing to do that has a task, or the only copy of a map output that an active job reads, or
// of which nobody knows; and never so many that fewer stay than are wanted.
type idle struct {
	*slots // counts the task attempts of each executor
	reads  *reads
}

func newIdle(w *World) *idle { return &idle{newSlots(w), newReads(w)} }

func (o *idle) step(ev sched.Event, actions []sched.Action) error {
	_ = o.slots.step(ev, actions) // the other one complains
	_ = o.reads.step(ev, actions)
	return nil
}

func (o *idle) looked(v *alloc.View, t alloc.Target, _ int, w alloc.Wanted) error {
	leave := append(slices.Clone(w.Release), w.Drain...)
	leave = slices.DeleteFunc(leave, func(id ids.ExecutorID) bool { return o.slots.world.executor(id).profile != t.Profile })
	staying := -len(leave)
	for _, e := range v.Executors {
		if !e.Leaving && e.Profile == t.Profile {
			staying++
		}
	}
	if len(leave) > 0 && staying < t.Executors {
		return fmt.Errorf("executors %v are let go, and %d of %d that are wanted stay", leave, staying, t.Executors)
	}
	for _, id := range leave {
		if n := o.used[id]; n > 0 || !slices.Contains(o.slots.world.living, id) {
			return fmt.Errorf("executor %v is let go with task attempts in %d slots", id, n)
		}
		if out, ok := o.needed(id); ok && o.slots.world.Elastic.TrackShuffles {
			return fmt.Errorf("executor %v is let go with the only output of map task %d of shuffle %d, which an active job reads", id, out.part, out.shuffle)
		}
	}
	return nil
}

// needed gives a map output of an active job that only this executor has. Where outputs change, or count only
// together, what an executor has may be worth nothing.
func (o *idle) needed(id ids.ExecutorID) (output, bool) {
	w := o.slots.world
	if w.Inexact > 0 {
		return output{}, false
	}
	for _, j := range w.jobs {
		if j == nil || !j.submitted || j.ended {
			continue
		}
		for i := range j.spec.Stages {
			st := &j.spec.Stages[i]
			for m := range st.Partitions {
				out := output{st.Shuffle, int32(m)}
				if st.IsMap && !st.Barrier && o.has(id, out) && !slices.ContainsFunc(w.living, func(l ids.ExecutorID) bool { return l != id && o.has(l, out) }) {
					return out, true
				}
			}
		}
	}
	return output{}, false
}

func (o *idle) has(id ids.ExecutorID, out output) bool { return o.reads.surely(place{out, id}) }
