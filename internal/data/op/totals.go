package op

import "unsafe"

// totals holds one value for every distinct key: the table of all operators that bring the values of a key together. Its rows are
// pairs of a key and a total, KV[K, C].
type totals struct {
	t     *Task
	held  *held
	table *table
	rows  RowType // KV[K, C]
	pair  pairLayout
	vals  rowBuffer // by slot

	refBytes int64 // what vals refer to: an estimate
	unseen   int   // rows since the estimate

	hashes []uint64
	slots  []int32
	batch  rowBuffer
}

// newTotals is for keys of K and rows of KV[K, C].
func newTotals[K comparable](t *Task, rows RowType) (*totals, error) {
	table, err := newTable[K]()
	if err != nil {
		return nil, err
	}
	pair, err := pairOf(rows)
	if err != nil {
		return nil, err
	}
	return totalsOver(t, holdFor(t), table, rows, pair), nil
}

func totalsOver(t *Task, h *held, table *table, rows RowType, pair pairLayout) *totals {
	return &totals{t: t, held: h, table: table, rows: rows, pair: pair, vals: rowBuffer{layout: pair.val}, batch: rowBuffer{layout: pair.row}}
}

// reserve makes room for n new keys. It returns false when the memory for them is refused; when must is set, it goes on
// without, as there is nothing that could be put anywhere else.
func (s *totals) reserve(n int, must bool) bool {
	keys, weight := s.table.grown(n)
	if !s.held.want(weight+s.vals.bytes(keys)+s.refBytes) && !must {
		return false
	}
	s.table.grow(keys)
	s.vals.reserve(keys)
	return true
}

// weight is what the totals hold.
func (s *totals) weight() int64 {
	_, w := s.table.grown(0)
	return w + s.vals.bytes(s.vals.cap) + s.refBytes
}

// folder folds rows into totals: a key that is new has its slot, in order of arrival, at the end of vals.
type folder func(s *totals, rows unsafe.Pointer, n int, slots []int32)

// foldBy makes a folder of rows of KV[K, V]: create makes a C of a key's first value, nil when C is V; add takes each further value.
//
//go:noinline
func foldBy[K, V, C any](create func(V) C, add func(C, V) C) folder {
	return func(s *totals, base unsafe.Pointer, n int, slots []int32) {
		vals := unsafe.Slice((*C)(s.vals.base), s.vals.cap)
		known := s.vals.n
		for i, row := range unsafe.Slice((*KV[K, V])(base), n) {
			switch slot := int(slots[i]); {
			case slot < known:
				vals[slot] = add(vals[slot], row.Value)
			case create == nil:
				vals[slot] = *(*C)(unsafe.Pointer(&row.Value))
				known++
			default:
				vals[slot] = create(row.Value)
				known++
			}
		}
		s.vals.n = known
	}
}

// fold takes one batch of rows that begin with their keys and for which there is room; their hashes are in s.hashes.
func (s *totals) fold(rows unsafe.Pointer, n int, stride uintptr, by folder) {
	s.slots = room(s.slots, n)
	s.table.find(rows, stride, s.hashes[:n], s.slots)
	first := s.vals.n
	by(s, rows, n, s.slots)
	if !s.vals.flat {
		s.settle(n, first)
	}
}

// settle takes note of a batch of rows that was folded into vals; those from slot first onwards are new. What new values refer
// to becomes the table's own, so that they do not keep whole blocks alive.
func (s *totals) settle(rows, first int) {
	if n := s.vals.n - first; n > 0 {
		base := s.vals.at(first)
		s.refBytes += s.vals.refs(base, n)
		s.vals.codec.Detach(base, n, &s.table.arena)
	}
	// Values that grow while rows are folded in (lists, sets) are weighed again now and then, by a sample.
	if s.unseen += rows; s.unseen >= 4*BatchRows && s.unseen >= s.vals.n/4 {
		s.unseen = 0
		s.refBytes = s.estimate()
	}
}

const weighed = 512 // values that an estimate looks at

func (s *totals) estimate() int64 {
	n := s.vals.n
	step := max(1, n/weighed)
	sum, seen := int64(0), int64(0)
	for i := 0; i < n; i += step {
		sum += s.vals.refs(s.vals.at(i), 1)
		seen++
	}
	return sum * int64(n) / max(1, seen)
}

// each gives all pairs with the hashes of their keys, in batches. The batch is reused.
func (s *totals) each(do func(rows unsafe.Pointer, n int, hashes []uint64) error) error {
	size := batchOf(s.pair.row.size)
	keys := &s.table.keys
	for from := 0; from < keys.n; from += size {
		if err := s.t.Err(); err != nil {
			return err
		}
		n := min(size, keys.n-from)
		s.batch.set(n)
		s.pair.fill(s.batch.base, keys.at(from), nil, s.vals.at(from), n)
		if err := do(s.batch.base, n, s.table.hashes[from:from+n]); err != nil {
			return err
		}
	}
	return nil
}

// clear forgets all pairs and keeps the room.
func (s *totals) clear() {
	s.table.clear()
	s.vals.wipe()
	s.refBytes, s.unseen = 0, 0
}

// drop forgets all pairs and the room.
func (s *totals) drop() {
	s.table.drop()
	s.vals.free()
	s.batch.free()
	s.refBytes, s.unseen = 0, 0
	s.held.release()
}
