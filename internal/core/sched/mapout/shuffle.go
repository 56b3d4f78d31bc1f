package mapout

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// nowhere is the executor of a map output that does not exist, or not any more.
const nowhere = ids.Driver

// Shuffle is the map outputs of one exchange.
type Shuffle struct {
	id      ids.ShuffleID
	table   *Table
	reduces int
	outputs []output         // by map partition
	copies  map[int32][]held // by map partition: further places; looked up, never ranged over; nil while there are none
	missing int              // how many of outputs are nowhere
	version int              // see Version
}

// output is what one map partition left. Most outputs have one place, which costs nothing beyond it.
type output struct {
	held              // one of its places; executor is nowhere when it has none
	sizes  task.Sizes // of the output that was there last, if any was
	digest uint64     // of the same; 0 when it is not known
}

// held is one place of an output. Invariant: table.held[executor][at] names the output, or executor is nowhere.
type held struct {
	executor ids.ExecutorID
	at       int32
}

// Added says what became of an output that was added.
type Added uint8

// What becomes of outputs.
const (
	Ignored Added = iota // the partition has an output, and this one is not known to be the same
	Copied               // it is the same as what the partition has, and one more place of it
	Fresh                // the partition had none, and this may be the same as what it had before
	Changed              // the partition had none, and this is not the same as what it had before
)

// ID names the exchange.
func (s *Shuffle) ID() ids.ShuffleID { return s.id }

// Version changes whenever who knows the places of before may look for an output in vain: a place of one is gone, or one is there that was
// not. That an output has one more place than before changes nothing.
func (s *Shuffle) Version() int { return s.version }

// Maps is the number of map partitions.
func (s *Shuffle) Maps() int { return len(s.outputs) }

// Reduces is the number of reduce partitions.
func (s *Shuffle) Reduces() int { return s.reduces }

// Complete says that every map partition has its output.
func (s *Shuffle) Complete() bool { return s.missing == 0 }

// Present is the number of map partitions that have their output.
func (s *Shuffle) Present() int { return len(s.outputs) - s.missing }

// Has says that a map partition has its output somewhere.
func (s *Shuffle) Has(mapPartition int32) bool { return s.outputs[mapPartition].executor != nowhere }

// Holders gives the executors that hold the output of a map partition, in no order that means anything.
func (s *Shuffle) Holders(mapPartition int32) []ids.ExecutorID {
	if !s.Has(mapPartition) {
		return nil
	}
	list := []ids.ExecutorID{s.outputs[mapPartition].executor}
	for _, h := range s.copies[mapPartition] {
		list = append(list, h.executor)
	}
	return list
}

// Digest tells the output of a map partition, or when it has none the one that it had last, from others. It is 0 when not known.
func (s *Shuffle) Digest(mapPartition int32) uint64 { return s.outputs[mapPartition].digest }

// Missing gives the map partitions without output, in order.
func (s *Shuffle) Missing() []int32 {
	if s.missing == 0 {
		return nil
	}
	missing := make([]int32, 0, s.missing)
	for m := range s.outputs {
		if s.outputs[m].executor == nowhere {
			missing = append(missing, int32(m))
		}
	}
	return missing
}

// Add says that an executor has computed the output of a map partition, with these sizes, which must hold (task.Sizes.Check), and the digest
// of what is in it, or 0. The first output of a partition counts; another one only as its copy, when both digests are known and the same.
// It keeps the sizes, which nobody changes any more.
func (s *Shuffle) Add(mapPartition int32, executor ids.ExecutorID, sizes task.Sizes, digest uint64) Added {
	o := &s.outputs[mapPartition]
	if o.executor != nowhere {
		if digest == 0 || digest != o.digest || s.find(mapPartition, executor) != nil {
			return Ignored
		}
		s.hold(mapPartition, executor)
		return Copied
	}
	changed := digest != 0 && o.digest != 0 && digest != o.digest
	if sizes.Empty() {
		sizes = task.Sizes{}
	}
	o.sizes, o.digest = sizes, digest
	s.hold(mapPartition, executor)
	if changed {
		return Changed
	}
	return Fresh
}

// AddCopy says that an executor has a copy of the output of a map partition, taken from another executor. It returns false and
// changes nothing when the output is not that one any more: the digest differs, or, when digests are not known, that other
// executor does not hold it now. An output that was lost meanwhile is there again with its copy.
func (s *Shuffle) AddCopy(mapPartition int32, from, to ids.ExecutorID, digest uint64) bool {
	if mapPartition < 0 || int(mapPartition) >= len(s.outputs) || to < 0 || s.find(mapPartition, to) != nil {
		return false
	}
	if digest != s.outputs[mapPartition].digest || digest == 0 && s.find(mapPartition, from) == nil {
		return false
	}
	s.hold(mapPartition, to)
	return true
}

// Remove says that an executor does not hold the output of a map partition any more. It returns false when it did not: the output
// lies elsewhere or nowhere.
func (s *Shuffle) Remove(mapPartition int32, executor ids.ExecutorID) bool {
	if mapPartition < 0 || int(mapPartition) >= len(s.outputs) || executor == nowhere {
		return false
	}
	h := s.find(mapPartition, executor)
	if h == nil {
		return false
	}
	s.table.release(executor, h.at)
	s.forget(mapPartition, executor)
	return true
}

// Void says that all outputs are worth nothing, and that nobody needs to know whether those that come are the same.
func (s *Shuffle) Void() {
	for m := range s.outputs {
		for s.Has(int32(m)) {
			s.Remove(int32(m), s.outputs[m].executor)
		}
		s.outputs[m].digest, s.outputs[m].sizes = 0, task.Sizes{}
	}
}

// find gives the place of an output on an executor, or nil.
func (s *Shuffle) find(mapPartition int32, executor ids.ExecutorID) *held {
	o := &s.outputs[mapPartition]
	if o.executor == executor && executor != nowhere {
		return &o.held
	}
	if s.copies == nil {
		return nil
	}
	copies := s.copies[mapPartition]
	for i := range copies {
		if copies[i].executor == executor {
			return &copies[i]
		}
	}
	return nil
}

// hold enters one more place of an output.
func (s *Shuffle) hold(mapPartition int32, executor ids.ExecutorID) {
	h := held{executor, s.table.hold(executor, s, mapPartition)}
	o := &s.outputs[mapPartition]
	if o.executor == nowhere {
		s.version++
		o.held = h
		s.missing--
		s.table.countSole(executor, 1)
		return
	}
	if len(s.copies[mapPartition]) == 0 {
		s.table.countSole(o.executor, -1)
	}
	if s.copies == nil {
		s.copies = map[int32][]held{}
	}
	s.copies[mapPartition] = append(s.copies[mapPartition], h)
}

// forget takes a place of an output out of the shuffle; the table does not name it any more.
func (s *Shuffle) forget(mapPartition int32, executor ids.ExecutorID) {
	o, copies := &s.outputs[mapPartition], s.copies[mapPartition]
	s.version++
	if len(copies) == 0 {
		o.executor = nowhere
		s.missing++
		s.table.countSole(executor, -1)
		return
	}
	last := len(copies) - 1
	if o.executor == executor {
		o.held = copies[last]
	} else {
		at := slices.IndexFunc(copies, func(h held) bool { return h.executor == executor })
		copies[at] = copies[last]
	}
	if last == 0 {
		delete(s.copies, mapPartition)
		s.table.countSole(o.executor, 1)
	} else {
		s.copies[mapPartition] = copies[:last]
	}
}

// Input describes the shuffle to the tasks that read it. A missing output has no sizes. The list of outputs is the caller's; the
// sizes in it are the table's own, and nobody changes them.
func (s *Shuffle) Input() task.Input {
	outputs := make([]task.MapOutput, len(s.outputs))
	for m := range outputs {
		from, out := &s.outputs[m], &outputs[m]
		if out.Executor = from.executor; out.Executor == nowhere {
			continue
		}
		out.Sizes = from.sizes
		if s.copies != nil {
			for _, h := range s.copies[int32(m)] {
				out.Copies = append(out.Copies, task.Location{Executor: h.executor})
			}
		}
	}
	return task.Input{Shuffle: s.id, Reduces: s.reduces, Outputs: outputs}
}

// Totals gives the bytes of each reduce partition, over all map outputs that exist.
func (s *Shuffle) Totals() []int64 {
	totals := make([]int64, s.reduces)
	for m := range s.outputs {
		if o := &s.outputs[m]; o.executor != nowhere {
			o.sizes.AddTo(totals)
		}
	}
	return totals
}
