package mapout

import (
	"fmt"
	"math"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Table is the map outputs of all shuffles.
type Table struct {
	shuffles   map[ids.ShuffleID]*shuffle // looked up, never ranged over
	order      []ids.ShuffleID            // of shuffles, for Check
	byExecutor map[ids.ExecutorID][]at    // what each executor holds; entries may have become wrong
}

type at struct {
	shuffle ids.ShuffleID
	part    int32
}

type shuffle struct {
	reduces int
	outputs []output
	missing int
}

// output is one map task's; sizes is nil when it is missing.
type output struct {
	executor ids.ExecutorID
	sizes    []byte
}

// New gives an empty table.
func New() *Table {
	return &Table{shuffles: map[ids.ShuffleID]*shuffle{}, byExecutor: map[ids.ExecutorID][]at{}}
}

// Add enters a shuffle, if it is new.
func (t *Table) Add(id ids.ShuffleID, maps, reduces int) {
	if t.shuffles[id] == nil {
		t.shuffles[id] = &shuffle{reduces: reduces, outputs: make([]output, maps), missing: maps}
		t.order = append(t.order, id)
	}
}

// Remove forgets a shuffle.
func (t *Table) Remove(id ids.ShuffleID) {
	if t.shuffles[id] != nil {
		delete(t.shuffles, id)
		t.order = slices.DeleteFunc(t.order, func(o ids.ShuffleID) bool { return o == id })
	}
}

// Available reports whether all map outputs of a shuffle are there.
func (t *Table) Available(id ids.ShuffleID) bool {
	s := t.shuffles[id]
	return s != nil && s.missing == 0
}

// Missing lists the map partitions without output.
func (t *Table) Missing(id ids.ShuffleID) []int32 {
	s := t.shuffles[id]
	if s == nil {
		return nil
	}
	parts := make([]int32, 0, s.missing)
	for p := range s.outputs {
		if s.outputs[p].sizes == nil {
			parts = append(parts, int32(p))
		}
	}
	return parts
}

// Register enters a map output. A second one for the same partition replaces the first.
func (t *Table) Register(id ids.ShuffleID, part int32, e ids.ExecutorID, sizes []int64) {
	s := t.shuffles[id]
	if s == nil || int(part) >= len(s.outputs) {
		return
	}
	o := &s.outputs[part]
	if o.sizes == nil {
		s.missing--
	}
	coded := make([]byte, len(sizes))
	for i, n := range sizes {
		coded[i] = encode(n)
	}
	*o = output{e, coded}
	t.byExecutor[e] = append(t.byExecutor[e], at{id, part})
}

// Unregister removes the output of a map partition if it is on that executor.
func (t *Table) Unregister(id ids.ShuffleID, part int32, e ids.ExecutorID) bool {
	s := t.shuffles[id]
	if s == nil || part < 0 || int(part) >= len(s.outputs) {
		return false
	}
	o := &s.outputs[part]
	if o.sizes == nil || o.executor != e {
		return false
	}
	*o = output{}
	s.missing++
	return true
}

// Lose removes all outputs on an executor, and tells which.
func (t *Table) Lose(e ids.ExecutorID, lost func(id ids.ShuffleID, part int32)) {
	held := t.byExecutor[e]
	delete(t.byExecutor, e)
	for _, a := range held {
		if t.Unregister(a.shuffle, a.part, e) {
			lost(a.shuffle, a.part)
		}
	}
}

// Input gives the places of a shuffle's outputs for a stage that reads it. Addresses are left empty.
func (t *Table) Input(id ids.ShuffleID) task.Input {
	s := t.shuffles[id]
	if s == nil {
		return task.Input{Shuffle: id}
	}
	in := task.Input{Shuffle: id, Reduces: s.reduces, Outputs: make([]task.MapOutput, len(s.outputs))}
	sizes := make([]int64, len(s.outputs)*s.reduces)
	for m := range s.outputs {
		o := &s.outputs[m]
		if o.sizes == nil {
			continue
		}
		mine := sizes[m*s.reduces : (m+1)*s.reduces : (m+1)*s.reduces]
		for r, c := range o.sizes {
			mine[r] = decoded[c]
		}
		in.Outputs[m] = task.MapOutput{Executor: o.executor, Sizes: mine}
	}
	return in
}

// Check gives an error when an invariant is broken.
func (t *Table) Check() error {
	for _, id := range t.order {
		s, missing := t.shuffles[id], 0
		for _, o := range s.outputs {
			if o.sizes == nil {
				missing++
			}
		}
		if missing != s.missing {
			return fmt.Errorf("shuffle %d counts %d missing outputs, has %d", id, s.missing, missing)
		}
	}
	return nil
}

// logBase is Spark's.
const logBase = 1.1

var decoded = func() (d [256]int64) {
	d[1] = 1
	for i := 2; i < len(d); i++ {
		d[i] = int64(math.Ceil(math.Pow(logBase, float64(i))))
	}
	return d
}()

// encode gives the least code whose size is not below n, or the greatest.
func encode(n int64) byte {
	if n <= 0 {
		return 0
	}
	at, _ := slices.BinarySearch(decoded[:], n)
	return byte(min(at, 255))
}
