package op

import (
	"math"
	"unsafe"
)

// pieces is a list of rows that grows without moving what it holds. All pieces but the last are full.
type pieces struct {
	*layout
	list []rowBuffer
	n    int
}

// pieceRows is the length of a piece; the first one begins small, because most lists stay small.
const (
	pieceBits = 13
	pieceRows = 1 << pieceBits
)

// tail gives the piece at the end, with room for n more rows or, if that is fewer, to its own end.
func (p *pieces) tail(n int) (piece *rowBuffer, room int) {
	if last := len(p.list) - 1; last < 0 || p.list[last].n == pieceRows {
		p.list = append(p.list, rowBuffer{layout: p.layout})
	}
	piece = &p.list[len(p.list)-1]
	if room = min(n, pieceRows-piece.n); piece.n+room > piece.cap {
		least := pieceRows
		if len(p.list) == 1 {
			least = min(pieceRows, max(4*piece.cap, piece.n+room, 64))
		}
		piece.reserve(least)
	}
	return piece, room
}

// add appends n rows that lie stride bytes apart.
func (p *pieces) add(rows unsafe.Pointer, n int, stride uintptr) {
	for done := 0; done < n; {
		piece, room := p.tail(n - done)
		p.move(piece.at(piece.n), p.size, nil, unsafe.Add(rows, uintptr(done)*stride), stride, nil, room)
		piece.n += room
		p.n += room
		done += room
	}
}

// at gives where row i is.
func (p *pieces) at(i int) unsafe.Pointer { return p.list[i>>pieceBits].at(i & (pieceRows - 1)) }

func (p *pieces) clear() { p.list, p.n = nil, 0 }

// column holds values by the slots of their keys, in order of arrival.
type column struct {
	vals  pieces
	slots []int32 // of each value
	refs  int64   // bytes that values refer to
}

// weight is what the column holds when n more values are added, with the room to put them in order.
func (c *column) weight(n int) int64 {
	if n += c.vals.n; n > math.MaxInt32 {
		return never // places are 32 bits
	}
	return 2*c.vals.bytes(n) + 12*int64(n) + c.refs
}

// add takes n values that lie stride bytes apart.
func (c *column) add(base unsafe.Pointer, n int, stride uintptr, slots []int32) {
	at := c.vals.n
	c.vals.add(base, n, stride)
	c.slots = append(c.slots, slots[:n]...)
	if c.vals.flat {
		return
	}
	for at < c.vals.n {
		run := min(c.vals.n-at, pieceRows-at%pieceRows)
		c.refs += c.vals.refs(c.vals.at(at), run)
		at += run
	}
}

// sorted gives the values in order of their slots: those of slot s are offsets[s] to offsets[s+1]. Values of one slot keep their
// order.
func (c *column) sorted(slots int) (offsets []int32, vals unsafe.Pointer) {
	offsets = make([]int32, slots+1)
	for _, s := range c.slots {
		offsets[s+1]++
	}
	for s := range slots {
		offsets[s+1] += offsets[s]
	}
	vals = c.vals.make(c.vals.n)
	at, to := append([]int32(nil), offsets...), make([]int32, pieceRows)
	for p, piece := range c.vals.list {
		for i, s := range c.slots[p<<pieceBits:][:piece.n] {
			to[i] = at[s]
			at[s]++
		}
		c.vals.move(vals, c.vals.size, to, piece.base, c.vals.size, nil, piece.n)
	}
	return offsets, vals
}

// flatten gives the values in order of arrival, side by side.
func (c *column) flatten() unsafe.Pointer {
	vals, at := c.vals.make(c.vals.n), 0
	for _, piece := range c.vals.list {
		c.vals.copy(unsafe.Add(vals, uintptr(at)*c.vals.size), piece.base, piece.n)
		at += piece.n
	}
	return vals
}

// dump sends all values, paired with their keys, to a spill and forgets them.
func (c *column) dump(t *table, pair pairLayout, to *spill) error {
	rows, hashes := rowBuffer{layout: pair.row}, make([]uint64, BatchRows)
	rows.set(BatchRows)
	for from := 0; from < c.vals.n; from += BatchRows { // a batch lies within a piece
		n := min(BatchRows, c.vals.n-from)
		slots := c.slots[from : from+n]
		pair.fill(rows.base, t.keys.base, slots, c.vals.at(from), n)
		for i, s := range slots {
			hashes[i] = t.hashes[s]
		}
		if err := to.pushHashed(rows.base, n, hashes); err != nil {
			return err
		}
	}
	c.clear()
	return nil
}

func (c *column) clear() {
	c.vals.clear()
	c.slots, c.refs = nil, 0
}
