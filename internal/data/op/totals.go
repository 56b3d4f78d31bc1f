package op

import (
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// totals holds one C for every distinct key: the table of all operators that bring the values of a key together.
type totals[K comparable, C any] struct {
	t     *Task
	held  *held
	table *table[K]
	vals  []C // by slot

	codec    *codec.Codec
	flat     bool
	refBytes int64 // what vals refer to: an estimate
	unseen   int   // rows since the estimate

	hashes []uint64
	slots  []int32
	batch  []KV[K, C]
}

func newTotals[K comparable, C any](t *Task, h *held) (*totals[K, C], error) {
	table, err := newTable[K]()
	if err != nil {
		return nil, err
	}
	c, err := codec.For[C]()
	if err != nil {
		return nil, err
	}
	return &totals[K, C]{t: t, held: h, table: table, codec: c, flat: c.Flat()}, nil
}

// reserve makes room for n new keys. It returns false when the memory for them is refused; when must is set, it goes on
// without, as what is in the table cannot be put anywhere else.
func (s *totals[K, C]) reserve(n int, must bool) bool {
	keys, weight := s.table.grown(n)
	weight += int64(keys)*int64(unsafe.Sizeof(*new(C))) + s.refBytes
	if !s.held.want(weight) && !must {
		return false
	}
	if keys > cap(s.table.keys) {
		s.table.grow(keys)
		s.vals = append(make([]C, 0, keys), s.vals...)
	}
	return true
}

// weight is what the totals hold, at least.
func (s *totals[K, C]) weight() int64 {
	_, w := s.table.grown(0)
	return w + int64(cap(s.vals))*int64(unsafe.Sizeof(*new(C))) + s.refBytes
}

// find gives the slots of a batch of keys, hashed in s.hashes. A key that was new has its slot, in order of arrival, at the end of
// vals, where the caller puts its value.
func (s *totals[K, C]) find(base unsafe.Pointer, n int, stride uintptr) []int32 {
	s.slots = room(s.slots, n)
	s.table.find(base, stride, s.hashes[:n], s.slots)
	return s.slots
}

// settle takes note of a batch of rows that was folded into vals; those from slot first onwards are new. What new values refer
// to becomes the table's own, so that they do not keep whole blocks alive.
func (s *totals[K, C]) settle(rows, first int) {
	if s.flat {
		return
	}
	if n := len(s.vals) - first; n > 0 {
		base := unsafe.Pointer(&s.vals[first])
		s.refBytes += s.codec.Footprint(base, n)
		s.codec.Detach(base, n, &s.table.arena)
	}
	// Values that grow while rows are folded in (lists, sets) are weighed again now and then, by a sample.
	if s.unseen += rows; s.unseen >= 4*BatchRows && s.unseen >= len(s.vals)/4 {
		s.unseen = 0
		s.refBytes = s.estimate()
	}
}

const weighed = 512 // values that an estimate looks at

func (s *totals[K, C]) estimate() int64 {
	n := len(s.vals)
	if n == 0 {
		return 0
	}
	step := max(1, n/weighed)
	sum, seen := int64(0), 0
	for i := 0; i < n; i += step {
		sum += s.codec.Footprint(unsafe.Pointer(&s.vals[i]), 1)
		seen++
	}
	return sum * int64(n) / int64(seen)
}

// each gives all pairs with the hashes of their keys, in batches. The batch is reused.
func (s *totals[K, C]) each(do func(rows []KV[K, C], hashes []uint64) error) error {
	size := batchOf(unsafe.Sizeof(KV[K, C]{}))
	keys, vals := s.table.keys, s.vals
	for from := 0; from < len(keys); from += size {
		if err := s.t.Err(); err != nil {
			return err
		}
		n := min(size, len(keys)-from)
		s.batch = room(s.batch, n)
		for i := range s.batch {
			s.batch[i] = KV[K, C]{keys[from+i], vals[from+i]}
		}
		if err := do(s.batch, s.table.hashes[from:from+n]); err != nil {
			return err
		}
	}
	return nil
}

// clear forgets all pairs and keeps the room.
func (s *totals[K, C]) clear() {
	s.table.clear()
	clear(s.vals)
	s.vals, s.refBytes, s.unseen = s.vals[:0], 0, 0
}

// drop forgets all pairs and the room.
func (s *totals[K, C]) drop() {
	s.table.drop()
	s.vals, s.batch, s.refBytes, s.unseen = nil, nil, 0, 0
	s.held.release()
}

// folder folds rows into totals: create makes a C of a key's first value, nil when C is V; add takes each further value.
type folder[K comparable, V, C any] struct {
	*totals[K, C]
	create func(V) C
	add    func(C, V) C
}

// fold takes one batch, for whose keys there is room; their hashes are in f.hashes.
func (f *folder[K, V, C]) fold(rows []KV[K, V]) {
	slots := f.find(firstAt(rows), len(rows), unsafe.Sizeof(KV[K, V]{}))
	vals, add, create := f.vals, f.add, f.create
	first := len(vals)
	for i := range rows {
		switch slot := int(slots[i]); {
		case slot < len(vals):
			vals[slot] = add(vals[slot], rows[i].Value)
		case create == nil:
			vals = append(vals, *(*C)(unsafe.Pointer(&rows[i].Value)))
		default:
			vals = append(vals, create(rows[i].Value))
		}
	}
	f.vals = vals
	f.settle(len(rows), first)
}

// same gives rows of values as rows of totals: only where C is V.
func same[K, V, C any](rows []KV[K, V]) []KV[K, C] {
	return unsafe.Slice((*KV[K, C])(firstAt(rows)), len(rows))
}
