package op

import (
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// pieces is a list of T that grows without moving what it holds. All pieces but the first and the last have the same length.
type pieces[T any] struct {
	list [][]T
	n    int
}

// pieceRows is the length of a piece; the first one begins small, because most lists stay small.
const (
	pieceBits = 13
	pieceRows = 1 << pieceBits
)

// tail gives free room at the end for up to n more values: at least one. The caller says with grew how many it used.
func (p *pieces[T]) tail(n int) []T {
	last := len(p.list) - 1
	if last < 0 {
		p.list = append(p.list, make([]T, 0, min(max(n, 64), pieceRows)))
		last = 0
	}
	at := p.list[last]
	if len(at) == cap(at) {
		if len(at) < pieceRows {
			p.list[last] = append(make([]T, 0, min(4*cap(at), pieceRows)), at...)
		} else {
			p.list = append(p.list, make([]T, 0, pieceRows))
			last++
		}
		at = p.list[last]
	}
	return at[len(at):min(len(at)+n, cap(at))]
}

func (p *pieces[T]) grew(n int) {
	last := len(p.list) - 1
	p.list[last] = p.list[last][:len(p.list[last])+n]
	p.n += n
}

// add appends rows.
func (p *pieces[T]) add(rows []T) {
	for len(rows) > 0 {
		n := copy(p.tail(len(rows)), rows)
		p.grew(n)
		rows = rows[n:]
	}
}

// at gives value i.
func (p *pieces[T]) at(i int) *T { return &p.list[i>>pieceBits][i&(pieceRows-1)] }

func (p *pieces[T]) clear() { p.list, p.n = nil, 0 }

// column holds values by the slots of their keys, in order of arrival.
type column[V any] struct {
	codec *codec.Codec
	flat  bool
	slots pieces[int32]
	vals  pieces[V]
	bytes int64 // what vals refer to
}

func newColumn[V any]() (*column[V], error) {
	c, err := codec.For[V]()
	if err != nil {
		return nil, err
	}
	return &column[V]{codec: c, flat: c.Flat()}, nil
}

// weight is what the column holds when n more values are added, with the room to put them in order.
func (c *column[V]) weight(n int) int64 {
	return int64(c.vals.n+n)*(2*int64(unsafe.Sizeof(*new(V)))+8) + c.bytes
}

// add takes n values that lie stride bytes apart.
func (c *column[V]) add(base unsafe.Pointer, n int, stride uintptr, slots []int32) {
	c.slots.add(slots[:n])
	for done := 0; done < n; {
		room := c.vals.tail(n - done)
		for i := range room {
			room[i] = *(*V)(unsafe.Add(base, uintptr(done+i)*stride))
		}
		if !c.flat {
			c.bytes += c.codec.Footprint(firstAt(room), len(room))
		}
		c.vals.grew(len(room))
		done += len(room)
	}
}

// sorted gives the values in order of their slots: those of slot s are vals[offsets[s]:offsets[s+1]]. Values of one slot keep
// their order.
func (c *column[V]) sorted(slots int) (offsets []int, vals []V) {
	offsets = offsetsOf(&c.slots, slots)
	vals = make([]V, c.vals.n)
	at := append([]int(nil), offsets...)
	for p, piece := range c.vals.list {
		to := c.slots.list[p]
		for i := range piece {
			s := to[i]
			vals[at[s]] = piece[i]
			at[s]++
		}
	}
	return offsets, vals
}

// offsetsOf gives where each slot's values begin when values are put in order of slots.
func offsetsOf(of *pieces[int32], slots int) []int {
	offsets := make([]int, slots+1)
	for _, piece := range of.list {
		for _, s := range piece {
			offsets[s+1]++
		}
	}
	for s := range slots {
		offsets[s+1] += offsets[s]
	}
	return offsets
}

func (c *column[V]) clear() {
	c.slots.clear()
	c.vals.clear()
	c.bytes = 0
}
