package op

import "unsafe"

// built is the side of a join that is held in memory: rows by key.
type built struct {
	held    *held
	pair    pairLayout
	table   *table
	column  column
	offsets []int32        // nil when every key has one value, which then lies at the key's slot
	vals    unsafe.Pointer // in order of slots
	matched []bool         // by slot, where it matters

	hashes []uint64 // of the batch at hand
	slots  []int32
}

func newBuilt(j *joiner) *built {
	return &built{held: j.held, pair: j.right, table: j.table.fresh(), column: column{vals: pieces{layout: j.right.val}}}
}

// room asks for the memory of n more rows. It is false when that is refused and there is something that could be put away.
func (b *built) room(n int) bool {
	_, weight := b.table.grown(n)
	return b.held.want(weight+b.column.weight(n)) || b.column.vals.n == 0
}

// add takes n rows whose hashes are in b.hashes.
func (b *built) add(rows unsafe.Pointer, n int) {
	keys, _ := b.table.grown(n)
	b.table.grow(keys)
	b.slots = room(b.slots, n)
	b.table.find(rows, b.pair.row.size, b.hashes, b.slots)
	b.column.add(unsafe.Add(rows, b.pair.valAt), n, b.pair.row.size, b.slots)
}

func (b *built) weight() int64 {
	_, w := b.table.grown(0)
	return w + b.column.weight(0)
}

// finish puts the values in order of their keys.
func (b *built) finish(match bool) {
	n := b.table.keys.n
	if match {
		b.matched = make([]bool, n)
	}
	if b.column.vals.n != n {
		b.offsets, b.vals = b.column.sorted(n)
		return
	}
	// As many values as keys: each value came with a new key, so they lie in order of slots already.
	b.offsets, b.vals = nil, b.column.flatten()
}

// values gives where the values of a slot are.
func (b *built) values(slot int32) (from, to int32) {
	if b.offsets == nil {
		return slot, slot + 1
	}
	return b.offsets[slot], b.offsets[slot+1]
}

// clear forgets the rows and keeps the room for keys.
func (b *built) clear() {
	b.table.clear()
	b.column.clear()
	b.offsets, b.vals, b.matched = nil, nil, nil
}

// drop forgets all.
func (b *built) drop() {
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
