package mapout

import (
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
	outputs []output // by map partition
	missing int      // how many of outputs are nowhere
	sizes   []int64  // for Input: of the outputs that exist, one after the other; nil when it is to be made anew
}

// output is what one map partition left. Invariant: table.held[executor][at] names this output, or executor is nowhere.
type output struct {
	executor ids.ExecutorID
	at       int32
	sizes    sizes
}

// ID names the exchange.
func (s *Shuffle) ID() ids.ShuffleID { return s.id }

// Maps is the number of map partitions.
func (s *Shuffle) Maps() int { return len(s.outputs) }

// Reduces is the number of reduce partitions.
func (s *Shuffle) Reduces() int { return s.reduces }

// Complete says that every map partition has its output.
func (s *Shuffle) Complete() bool { return s.missing == 0 }

// Present is the number of map partitions that have their output.
func (s *Shuffle) Present() int { return len(s.outputs) - s.missing }

// Where gives the executor that holds the output of a map partition, if any does.
func (s *Shuffle) Where(mapPartition int32) (ids.ExecutorID, bool) {
	at := s.outputs[mapPartition].executor
	return at, at != nowhere
}

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

// Add says that an executor holds the output of a map partition, with these bytes for each reduce partition. It returns false and
// changes nothing when the output has a place already: the first one counts. It does not keep bytes.
func (s *Shuffle) Add(mapPartition int32, executor ids.ExecutorID, bytes []int64) bool {
	o := &s.outputs[mapPartition]
	if o.executor != nowhere {
		return false
	}
	s.table.hold(executor, s, mapPartition)
	o.executor, o.sizes = executor, pack(bytes)
	s.missing--
	s.sizes = nil
	return true
}

// Remove says that an executor does not hold the output of a map partition any more. It returns false when the output lies
// elsewhere or nowhere.
func (s *Shuffle) Remove(mapPartition int32, executor ids.ExecutorID) bool {
	if mapPartition < 0 || int(mapPartition) >= len(s.outputs) || executor == nowhere || s.outputs[mapPartition].executor != executor {
		return false
	}
	s.table.release(executor, s.outputs[mapPartition].at)
	s.forget(mapPartition)
	return true
}

// forget takes the output out of the shuffle; the table does not name it any more.
func (s *Shuffle) forget(mapPartition int32) {
	s.outputs[mapPartition] = output{executor: nowhere}
	s.missing++
	s.sizes = nil
}

// Input describes the shuffle to the tasks that read it. A missing output has no sizes. The list of outputs is the caller's; the
// sizes in it are shared, and nobody changes them. They are eight times as large as the table's own form, and are kept until an
// output changes or Trim is called.
func (s *Shuffle) Input() task.Input {
	if s.sizes == nil {
		s.sizes = make([]int64, s.Present()*s.reduces)
		bytes := s.sizes
		for m := range s.outputs {
			if o := &s.outputs[m]; o.executor != nowhere {
				o.sizes.addTo(bytes[:s.reduces])
				bytes = bytes[s.reduces:]
			}
		}
	}
	outputs, bytes := make([]task.MapOutput, len(s.outputs)), s.sizes
	for m := range outputs {
		outputs[m].Executor = s.outputs[m].executor
		if outputs[m].Executor != nowhere {
			outputs[m].Sizes, bytes = bytes[:s.reduces:s.reduces], bytes[s.reduces:]
		}
	}
	return task.Input{Shuffle: s.id, Reduces: s.reduces, Outputs: outputs}
}

// Trim frees what Input keeps.
func (s *Shuffle) Trim() { s.sizes = nil }

// Totals gives the bytes of each reduce partition, over all map outputs.
func (s *Shuffle) Totals() []int64 {
	totals := make([]int64, s.reduces)
	for m := range s.outputs {
		s.outputs[m].sizes.addTo(totals)
	}
	return totals
}
