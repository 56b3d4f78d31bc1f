package op

import "unsafe"

// built is the side of a join that is held in memory: rows by key.
type built[K comparable, W any] struct {
	t       *Task
	held    *held
	table   *table[K]
	column  *column[W]
	offsets []int // nil when every key has one value, which then lies at the key's slot
	vals    []W
	matched []bool // by slot, where it matters

	hashes []uint64
	slots  []int32
}

func newBuilt[K comparable, W any](t *Task, h *held) (*built[K, W], error) {
	table, err := newTable[K]()
	if err != nil {
		return nil, err
	}
	c, err := newColumn[W]()
	return &built[K, W]{t: t, held: h, table: table, column: c}, err
}

func (b *built[K, W]) hash(rows []KV[K, W]) {
	b.hashes = b.table.hash(firstAt(rows), len(rows), unsafe.Sizeof(KV[K, W]{}), b.hashes)
}

// add takes rows, or none of them when memory for them is refused and there is something that could be put away.
func (b *built[K, W]) add(rows []KV[K, W]) bool {
	_, weight := b.table.grown(len(rows))
	if !b.held.want(weight+b.column.weight(len(rows))) && b.column.vals.n > 0 {
		return false
	}
	b.force(rows)
	return true
}

// force takes rows without asking.
func (b *built[K, W]) force(rows []KV[K, W]) {
	n := len(rows)
	if n == 0 {
		return
	}
	keys, _ := b.table.grown(n)
	b.table.grow(keys)
	b.hash(rows)
	b.slots = room(b.slots, n)
	stride := unsafe.Sizeof(rows[0])
	b.table.find(firstAt(rows), stride, b.hashes, b.slots)
	b.column.add(unsafe.Pointer(&rows[0].Value), n, stride, b.slots)
}

func (b *built[K, W]) weight() int64 {
	_, w := b.table.grown(0)
	return w + b.column.weight(0)
}

// finish puts the values in order of their keys.
func (b *built[K, W]) finish(match bool) {
	if match {
		b.matched = make([]bool, len(b.table.keys))
	}
	if b.column.vals.n != len(b.table.keys) {
		b.offsets, b.vals = b.column.sorted(len(b.table.keys))
		return
	}
	// As many values as keys: each value came with a new key, so they lie in order of slots already.
	b.offsets, b.vals = nil, make([]W, 0, b.column.vals.n)
	for _, piece := range b.column.vals.list {
		b.vals = append(b.vals, piece...)
	}
}

// values gives where the values of a slot are.
func (b *built[K, W]) values(slot int32) (from, to int32) {
	if b.offsets == nil {
		return slot, slot + 1
	}
	return int32(b.offsets[slot]), int32(b.offsets[slot+1])
}

// dump sends all rows to a spill.
func (b *built[K, W]) dump(to *spill[KV[K, W]]) error {
	s := side[K, W]{column: *b.column, t: b.t, spill: to}
	return s.dump(b.table, to.depth)
}

func (b *built[K, W]) clear() {
	b.table.clear()
	b.column.clear()
	b.offsets, b.vals, b.matched = nil, nil, nil
}

func (b *built[K, W]) drop() {
	b.table.drop()
	b.column.clear()
	b.offsets, b.vals, b.matched = nil, nil, nil
	b.held.release()
}

// bitmap is one bit for each row of an input, by its position.
type bitmap struct{ words []uint64 }

// see sets the bits of rows that have a slot; the first of them is row at.
func (m *bitmap) see(at int, slots []int32) {
	for need := (at + len(slots) + 63) / 64; len(m.words) < need; {
		m.words = append(m.words, 0)
	}
	for i, slot := range slots {
		if slot >= 0 {
			m.words[(at+i)/64] |= 1 << ((at + i) % 64)
		}
	}
}

func (m *bitmap) has(i int) bool { return i/64 < len(m.words) && m.words[i/64]>>(i%64)&1 != 0 }
