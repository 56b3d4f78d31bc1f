package mapout

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Table is the map outputs of all shuffles. It is not safe for concurrent use.
type Table struct {
	shuffles []*Shuffle  // by id
	held     [][]holding // what each executor holds, by ExecutorID, in no order that means anything
}

// holding names one map output.
type holding struct {
	shuffle *Shuffle
	part    int32
}

// Lost names a map output that is gone.
type Lost struct {
	Shuffle ids.ShuffleID
	Map     int32
}

// New gives an empty table.
func New() *Table { return &Table{} }

func byID(s *Shuffle, id ids.ShuffleID) int { return cmp.Compare(s.id, id) }

// Open adds a shuffle of which no map output exists yet. Its id must be new.
func (t *Table) Open(id ids.ShuffleID, maps, reduces int) *Shuffle {
	s := &Shuffle{id: id, table: t, reduces: reduces, outputs: make([]output, maps), missing: maps}
	for m := range s.outputs {
		s.outputs[m].executor = nowhere
	}
	at, _ := slices.BinarySearchFunc(t.shuffles, id, byID)
	t.shuffles = slices.Insert(t.shuffles, at, s)
	return s
}

// Find gives a shuffle that was opened and not dropped, or nil.
func (t *Table) Find(id ids.ShuffleID) *Shuffle {
	at, ok := slices.BinarySearchFunc(t.shuffles, id, byID)
	if !ok {
		return nil
	}
	return t.shuffles[at]
}

// Drop forgets a shuffle and all its outputs.
func (t *Table) Drop(id ids.ShuffleID) {
	at, ok := slices.BinarySearchFunc(t.shuffles, id, byID)
	if !ok {
		return
	}
	s := t.shuffles[at]
	for m := range s.outputs {
		s.Remove(int32(m), s.outputs[m].executor)
	}
	t.shuffles = slices.Delete(t.shuffles, at, at+1)
}

// RemoveExecutor says that everything is gone that an executor held, and gives the names of it.
func (t *Table) RemoveExecutor(executor ids.ExecutorID) []Lost {
	if executor < 0 || int(executor) >= len(t.held) {
		return nil
	}
	held := t.held[executor]
	t.held[executor] = nil
	lost := make([]Lost, len(held))
	for i, h := range held {
		lost[i] = Lost{h.shuffle.id, h.part}
		h.shuffle.forget(h.part)
	}
	return lost
}

// Held is the number of map outputs that an executor holds.
func (t *Table) Held(executor ids.ExecutorID) int {
	if executor < 0 || int(executor) >= len(t.held) {
		return 0
	}
	return len(t.held[executor])
}

// Holds says that an executor holds an output of some shuffle that is wanted.
func (t *Table) Holds(executor ids.ExecutorID, wanted func(ids.ShuffleID) bool) bool {
	if t.Held(executor) == 0 {
		return false
	}
	var last *Shuffle // what an executor holds of one shuffle often stands together
	for _, h := range t.held[executor] {
		if h.shuffle != last && wanted(h.shuffle.id) {
			return true
		}
		last = h.shuffle
	}
	return false
}

func (t *Table) hold(executor ids.ExecutorID, s *Shuffle, part int32) {
	for int(executor) >= len(t.held) {
		t.held = append(t.held, nil)
	}
	s.outputs[part].at = int32(len(t.held[executor]))
	t.held[executor] = append(t.held[executor], holding{s, part})
}

// release closes the gap with the last one, so that its cost does not depend on what the executor holds.
func (t *Table) release(executor ids.ExecutorID, at int32) {
	held := t.held[executor]
	last := held[len(held)-1]
	held[at] = last
	last.shuffle.outputs[last.part].at = at
	held[len(held)-1] = holding{}
	t.held[executor] = held[:len(held)-1]
}

// Check gives an error when an invariant is broken.
func (t *Table) Check() error {
	held := 0
	for executor, list := range t.held {
		held += len(list)
		for at, h := range list {
			o := h.shuffle.outputs[h.part]
			if int(o.executor) != executor || int(o.at) != at || t.Find(h.shuffle.id) != h.shuffle {
				return fmt.Errorf("mapout: executor %d holds map partition %d of shuffle %d, which lies on executor %v", executor, h.part, h.shuffle.id, o.executor)
			}
		}
	}
	present := 0
	for _, s := range t.shuffles {
		missing := 0
		for m := range s.outputs {
			if s.outputs[m].executor == nowhere {
				missing++
			}
		}
		if missing != s.missing {
			return fmt.Errorf("mapout: shuffle %d misses %d outputs and counts %d", s.id, missing, s.missing)
		}
		present += len(s.outputs) - missing
	}
	if present != held {
		return fmt.Errorf("mapout: %d outputs exist and executors hold %d", present, held)
	}
	return nil
}
