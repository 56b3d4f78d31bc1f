package sim

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// moves: an executor that is ordered to go because it is drained leaves no cached partition behind that the core was told of, unless others
// were asked for it as often as it may fail. It looks where cached partitions have no generations: nothing is computed again that is
// another then, and no barrier stage drops what is half there.
type moves struct {
	world    *World
	blocks   []ids.BlockID // that were ever told of
	at       map[ids.BlockID][]ids.ExecutorID
	tried    map[source]int
	released map[ids.RDDID]bool // at some time: it is not known what the core makes of what is told afterwards
}

// source is an executor of which others take copies of a block.
type source struct {
	executor ids.ExecutorID
	block    ids.BlockID
}

func newMoves(w *World) *moves {
	return &moves{w, nil, map[ids.BlockID][]ids.ExecutorID{}, map[source]int{}, map[ids.RDDID]bool{}}
}

func (o *moves) step(ev sched.Event, actions []sched.Action) error {
	if o.world.Inexact > 0 || o.world.Barriers > 0 || o.world.Sched.Move.LeaveKept {
		return nil
	}
	switch ev := ev.(type) {
	case sched.BlocksChanged:
		for _, b := range ev.Blocks {
			o.told(ev.Executor, b)
		}
	case sched.CopyEnded:
		o.tried[source{ev.Copied.From, ev.Copied.Block}]++
	case sched.RDDReleased:
		o.released[ev.RDD] = true
	}
	for _, a := range actions {
		if a, ok := a.(sched.KillExecutor); ok && a.Reason == "it is drained" {
			if err := o.leaves(a.Executor); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *moves) told(by ids.ExecutorID, b sched.BlockChange) {
	block := ids.RDD(b.RDD, int(b.Partition))
	if _, known := o.at[block]; !known {
		o.blocks = append(o.blocks, block)
	}
	o.at[block] = slices.DeleteFunc(o.at[block], func(id ids.ExecutorID) bool { return id == by })
	if b.There {
		o.at[block] = append(o.at[block], by)
	}
}

// leaves looks at what is left when an executor goes.
func (o *moves) leaves(id ids.ExecutorID) error {
	stays := func(id ids.ExecutorID) bool {
		return slices.ContainsFunc(o.world.view.Executors, func(v sched.ExecutorView) bool {
			return v.ID == id && (v.State == "active" || v.State == "draining")
		})
	}
	failures := cmp.Or(o.world.Sched.Move.Failures, 3)
	for _, block := range o.blocks {
		at := o.at[block]
		if slices.Contains(at, id) && !slices.ContainsFunc(at, stays) && o.tried[source{id, block}] < failures && !o.released[ids.RDDID(block.A)] {
			return fmt.Errorf("executor %v goes, and nobody else has %v", id, block)
		}
	}
	return nil
}

func (o *moves) rest() error { return nil }
