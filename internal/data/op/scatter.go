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
type scatter[T any] struct {
	scatterPlan
	rows []T
	out  []T // rows in order of their parts
}

func newScatter[T any](t *Task, h *held, to partWriter, parts int) (*scatter[T], error) {
	c, err := codec.For[T]()
	if err != nil {
		return nil, err
	}
	return &scatter[T]{scatterPlan: scatterPlan{
		held: h, to: to, codec: c, enc: codec.NewEncoder(c, t.compression()), flat: c.Flat(),
		rowBytes: int64(unsafe.Sizeof(*new(T))), counts: make([]int32, parts),
		limit: int64(min(max(parts*blockBytes, scatterLeast), scatterMost)),
	}}, nil
}

// push takes rows and the part of each.
func (s *scatter[T]) push(rows []T, parts []int32) error {
	if len(rows) == 0 {
		return nil
	}
	more := s.weigh(unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
	if len(s.rows) > 0 && !s.fits(more) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.rows = append(s.rows, rows...)
	s.note(parts, more)
	return nil
}

// flush encodes what is buffered.
func (s *scatter[T]) flush() error {
	rows := s.rows
	if len(s.counts) > 1 {
		s.out = room(s.out, len(rows))
		out, order := s.out, s.order()
		for i := range rows {
			out[order[i]] = rows[i]
		}
		rows = out
	}
	perBlock := s.blockRows()
	for part, n := range s.counts {
		for n := int(n); n > 0; {
			k := min(n, perBlock)
			if err := appendBlock(&s.scatterPlan, part, rows[:k]); err != nil {
				return err
			}
			rows, n = rows[k:], n-k
		}
	}
	s.reset()
	s.rows = s.rows[:0]
	return nil
}

// free forgets the buffers.
func (s *scatter[T]) free() {
	s.rows, s.out = nil, nil
	s.parts, s.at = nil, nil
}

func appendBlock[T any](s *scatterPlan, part int, rows []T) (err error) {
	if s.block, err = codec.AppendRows(s.enc, s.block[:0], rows); err != nil {
		return err
	}
	return s.to.Append(part, s.block)
}

// scatterPlan is what of a scatter does not depend on the row type.
type scatterPlan struct {
	held     *held // may be nil: then the limit alone counts
	to       partWriter
	codec    *codec.Codec
	enc      *codec.Encoder
	flat     bool
	rowBytes int64
	limit    int64

	parts  []int32 // of each buffered row
	counts []int32 // of each part
	at     []int32 // scratch of order
	bytes  int64   // of the buffered rows and what they refer to
	block  []byte
}

// weigh gives the bytes of rows with what they refer to.
func (s *scatterPlan) weigh(base unsafe.Pointer, n int) int64 {
	bytes := int64(n) * (s.rowBytes + 4)
	if !s.flat {
		bytes += s.codec.Footprint(base, n)
	}
	return bytes
}

// fits says whether more bytes may be buffered. A quarter of the limit needs no grant: when a table that took all memory is written
// out, blocks should still be worth their headers.
func (s *scatterPlan) fits(more int64) bool {
	bytes := s.bytes + more
	return bytes <= s.limit/4 || bytes <= s.limit && (s.held == nil || s.held.want(2*bytes))
}

func (s *scatterPlan) note(parts []int32, bytes int64) {
	s.parts = append(s.parts, parts...)
	for _, p := range parts {
		s.counts[p]++
	}
	s.bytes += bytes
}

// order gives each buffered row its place among the rows in order of their parts.
func (s *scatterPlan) order() []int32 {
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
func (s *scatterPlan) blockRows() int {
	each := max(1, s.bytes/max(1, int64(len(s.parts))))
	return int(min(max(blockBytes/each, 1), 4*BatchRows))
}

func (s *scatterPlan) reset() {
	clear(s.counts)
	s.parts, s.bytes = s.parts[:0], 0
}

// compression is how blocks of shuffles and spills are compressed.
func (t *Task) compression() codec.Compression { return codec.S2 }
