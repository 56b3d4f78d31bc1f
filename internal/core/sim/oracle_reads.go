package sim

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// reads: a stage is shipped with a place for every map output that it reads, and each place is where a task that the core heard
// of has left it since the core last heard that it is lost.
type reads struct {
	world  *World
	places map[place]int // what was left, after how many losses of the executor
	losses map[ids.ExecutorID]int
	gone   map[ids.ExecutorID]bool
	stages map[ids.StageRef]*task.Stage
	doubts map[ids.ExecutorID]int // how often somebody could not read from there: the core may hold for lost all that it has
	doubt  map[place]int          // how often that had been when it was left
}

// place is a map output on an executor.
type place struct {
	output
	executor ids.ExecutorID
}

func newReads(w *World) *reads {
	return &reads{w, map[place]int{}, map[ids.ExecutorID]int{}, map[ids.ExecutorID]bool{}, map[ids.StageRef]*task.Stage{}, map[ids.ExecutorID]int{}, map[place]int{}}
}

func (o *reads) step(ev sched.Event, actions []sched.Action) error {
	switch ev := ev.(type) {
	case sched.TaskEnded:
		o.heard(ev)
	case sched.CopyEnded:
		if out, from, ok := outputCopied(ev); ok && !o.gone[ev.Executor] {
			at := place{out, ev.Executor}
			if o.doubt[at] = o.doubts[ev.Executor]; !o.surely(place{out, from}) {
				o.doubt[at] = -1 // the core may hold a copy of what was lost for nothing
			}
			o.places[at] = o.losses[ev.Executor]
		}
	case sched.OutputsLost:
		o.losses[ev.Executor]++
	}
	for _, id := range o.world.lost {
		o.gone[id] = true
		o.losses[id]++
	}
	for _, a := range actions {
		ship, ok := a.(sched.ShipStage)
		if !ok {
			continue
		}
		st := o.world.core.Stage(ship.Stage)
		if st == nil {
			return fmt.Errorf("%v is shipped and is over", ship.Stage)
		}
		o.stages[ship.Stage] = st
		for i, in := range st.Inputs {
			for m, out := range in.Outputs {
				if out.Executor == ids.Driver && !o.readsAnyhow(st, i) {
					continue
				}
				for _, at := range append([]task.Location{{Executor: out.Executor}}, out.Copies...) {
					after, ok := o.places[place{output{in.Shuffle, int32(m)}, at.Executor}]
					if !ok || after != o.losses[at.Executor] {
						return fmt.Errorf("%v is to read map output %d of shuffle %d from executor %v, which does not have it", ship.Stage, m, in.Shuffle, at.Executor)
					}
				}
			}
		}
	}
	return nil
}

// readsAnyhow says that the tasks of a stage read a shuffle whatever is cached.
func (o *reads) readsAnyhow(st *task.Stage, input int) bool {
	through := o.world.spec(st).Through
	return through == nil || slices.Contains(through[input], -1)
}

func (o *reads) heard(ev sched.TaskEnded) {
	if ev.End.Reason.Fate == task.FetchFailed {
		o.doubts[ev.End.Reason.Fetch.Executor]++
	}
	st := o.stages[ev.End.Ref.StageRef]
	if st == nil || o.gone[ev.Executor] || ev.End.Reason.Fate != task.Success || !st.IsMap {
		return
	}
	at := place{output{st.Shuffle, ev.End.Ref.Partition}, ev.Executor}
	o.places[at] = o.losses[ev.Executor]
	o.doubt[at] = o.doubts[ev.Executor]
}

// surely says that the core heard of a map output on an executor, and nothing since that lets it be lost.
func (o *reads) surely(at place) bool {
	after, ok := o.places[at]
	return ok && after == o.losses[at.executor] && o.doubt[at] == o.doubts[at.executor]
}

func (o *reads) rest() error { return nil }
