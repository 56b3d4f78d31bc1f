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
	sole     []int       // of these, how many nobody else holds
}

// holding names one map output.
type holding struct {
	shuffle *Shuffle
	part    int32
}

// Name names a map output.
type Name struct {
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
	s.Void()
	t.shuffles = slices.Delete(t.shuffles, at, at+1)
}

// RemoveExecutor says that everything is gone that an executor held, and gives the names of what nobody else holds.
func (t *Table) RemoveExecutor(executor ids.ExecutorID) []Name {
	if executor < 0 || int(executor) >= len(t.held) {
		return nil
	}
	held := t.held[executor]
	t.held[executor] = nil
	lost := make([]Name, 0, len(held))
	for _, h := range held {
		if h.shuffle.forget(h.part, executor); !h.shuffle.Has(h.part) {
			lost = append(lost, Name{h.shuffle.id, h.part})
		}
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

// Sole is the number of map outputs that an executor holds and nobody else does.
func (t *Table) Sole(executor ids.ExecutorID) int {
	if executor < 0 || int(executor) >= len(t.sole) {
		return 0
	}
	return t.sole[executor]
}

// SoleOf names the map outputs that an executor holds and nobody else does, by shuffle and map partition.
func (t *Table) SoleOf(executor ids.ExecutorID) []Name {
	n := t.Sole(executor)
	if n == 0 {
		return nil
	}
	names := make([]Name, 0, n)
	for _, h := range t.held[executor] {
		if len(h.shuffle.copies[h.part]) == 0 {
			names = append(names, Name{h.shuffle.id, h.part})
		}
	}
	slices.SortFunc(names, func(a, b Name) int { return cmp.Or(cmp.Compare(a.Shuffle, b.Shuffle), cmp.Compare(a.Map, b.Map)) })
	return names
}

// IsSole says that an executor holds a map output and nobody else does.
func (t *Table) IsSole(name Name, executor ids.ExecutorID) bool {
	s := t.Find(name.Shuffle)
	return s != nil && s.outputs[name.Map].executor == executor && executor != nowhere && len(s.copies[name.Map]) == 0
}

func (t *Table) countSole(executor ids.ExecutorID, by int) { t.sole[executor] += by }

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

// hold notes that an executor holds an output, and gives the place of the note.
func (t *Table) hold(executor ids.ExecutorID, s *Shuffle, part int32) int32 {
	for int(executor) >= len(t.held) {
		t.held, t.sole = append(t.held, nil), append(t.sole, 0)
	}
	t.held[executor] = append(t.held[executor], holding{s, part})
	return int32(len(t.held[executor]) - 1)
}

// release closes the gap with the last one, so that its cost does not depend on what the executor holds.
func (t *Table) release(executor ids.ExecutorID, at int32) {
	held := t.held[executor]
	last := held[len(held)-1]
	held[at] = last
	last.shuffle.find(last.part, executor).at = at
	held[len(held)-1] = holding{}
	t.held[executor] = held[:len(held)-1]
}

// Check gives an error when an invariant is broken.
func (t *Table) Check() error {
	noted := 0
	for executor, list := range t.held {
		noted += len(list)
		sole := 0
		for at, h := range list {
			if p := h.shuffle.find(h.part, ids.ExecutorID(executor)); p == nil || int(p.at) != at || t.Find(h.shuffle.id) != h.shuffle {
				return fmt.Errorf("mapout: executor %d holds map partition %d of shuffle %d, which knows of %v", executor, h.part, h.shuffle.id, p)
			}
			if len(h.shuffle.copies[h.part]) == 0 {
				sole++
			}
		}
		if sole != t.sole[executor] {
			return fmt.Errorf("mapout: executor %d alone holds %d outputs and counts %d", executor, sole, t.sole[executor])
		}
	}
	places := 0
	for _, s := range t.shuffles {
		missing, copied := 0, 0
		for m := range s.outputs {
			n := len(s.Holders(int32(m)))
			if places += n; n == 0 {
				missing++
			}
			if len(s.copies[int32(m)]) > 0 {
				copied++
			}
		}
		if missing != s.missing || copied != len(s.copies) {
			return fmt.Errorf("mapout: shuffle %d misses %d outputs and has copies of %d; it counts %d and %d", s.id, missing, copied, s.missing, len(s.copies))
		}
	}
	if places != noted {
		return fmt.Errorf("mapout: outputs have %d places and executors hold %d", places, noted)
	}
	return nil
}
