package op

import (
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// partWriter takes encoded blocks for numbered parts: the map output of a task, or a spill.
type partWriter interface {
	Append(part int, block []byte) error
}

const (
	blockBytes   = 64 << 10 // rows that make one block of a scatter, in memory
	scatterLeast = 128 << 10
	scatterMost  = 16 << 20 // also with thousands of parts: their blocks then get smaller
)

// scatter sends rows to numbered parts. It gathers rows of all parts in one buffer and puts them in order of their parts when it
// is full, so its memory does not grow with the number of parts, and a part with few rows costs nothing.
type scatter struct {
	held  *held // may be nil: then the limit alone counts
	to    partWriter
	enc   *codec.Encoder
	limit int64

	rows   rowBuffer
	out    rowBuffer // rows in order of their parts
	parts  []int32   // of each buffered row
	counts []int32   // of each part
	at     []int32   // scratch of order
	bytes  int64     // of the buffered rows and what they refer to
	block  []byte
}

func newScatter(t *Task, h *held, l *layout, to partWriter, parts int) *scatter {
	return &scatter{
		held: h, to: to, enc: codec.NewEncoder(l.codec, t.Compression), rows: rowBuffer{layout: l}, out: rowBuffer{layout: l},
		counts: make([]int32, parts), limit: int64(min(max(parts*blockBytes, scatterLeast), scatterMost)),
	}
}

// push takes rows and the part of each.
func (s *scatter) push(rows unsafe.Pointer, n int, parts []int32) error {
	more := s.rows.bytes(n) + 4*int64(n) + s.rows.refs(rows, n)
	if s.rows.n > 0 && !s.fits(more) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.rows.add(rows, n)
	s.parts = append(s.parts, parts[:n]...)
	for _, p := range parts[:n] {
		s.counts[p]++
	}
	s.bytes += more
	return nil
}

// fits says whether more bytes may be buffered. A quarter of the limit needs no grant: when a table that took all memory is written
// out, blocks should still be worth their headers.
func (s *scatter) fits(more int64) bool {
	bytes := s.bytes + more
	return bytes <= s.limit/4 || bytes <= s.limit && (s.held == nil || s.held.want(2*bytes))
}

// flush encodes what is buffered.
func (s *scatter) flush() error {
	in := &s.rows
	if len(s.counts) > 1 {
		s.out.set(s.rows.n)
		s.rows.move(s.out.base, s.out.size, s.order(), s.rows.base, s.rows.size, nil, s.rows.n)
		in = &s.out
	}
	most, from := s.blockRows(), 0
	for part, n := range s.counts {
		for n := int(n); n > 0; {
			k := min(n, most)
			var err error
			if s.block, err = s.enc.AppendBlock(s.block[:0], in.at(from), k); err != nil {
				return err
			}
			if err := s.to.Append(part, s.block); err != nil {
				return err
			}
			from, n = from+k, n-k
		}
	}
	clear(s.counts)
	s.rows.n, s.parts, s.bytes = 0, s.parts[:0], 0
	return nil
}

// order gives each buffered row its place among the rows in order of their parts.
func (s *scatter) order() []int32 {
	s.at = room(s.at, len(s.counts))
	at, sum := s.at, int32(0)
	for p, n := range s.counts {
		at[p] = sum
		sum += n
	}
	for i, p := range s.parts {
		s.parts[i] = at[p]
		at[p]++
	}
	return s.parts
}

// blockRows is how many rows make one block, by what rows weigh on average.
func (s *scatter) blockRows() int { return blockRows(s.bytes, s.rows.n) }

func blockRows(bytes int64, rows int) int {
	each := max(1, bytes/max(1, int64(rows)))
	return int(min(max(blockBytes/each, 1), 4*BatchRows))
}

// free forgets the buffers.
func (s *scatter) free() {
	s.rows.free()
	s.out.free()
	s.parts, s.at = nil, nil
}
