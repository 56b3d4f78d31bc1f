package codec

import (
	"fmt"
	"sync"
	"unsafe"
)

// appending is the state of one Append. Its guard also keeps the rows alive while columns work on gathered copies of them, which the
// garbage collector does not look into.
type appending struct {
	guard
	scratch
	body []byte // what custom columns put before they know its length
	text []byte // what values are encoded to that can only be mixed so
}

var appendings = sync.Pool{New: func() any { return new(appending) }}

func (e *appending) done() {
	e.guard = guard{}
	if cap(e.body) > keepBytes {
		e.body = nil
	}
	if cap(e.text) > keepBytes {
		e.text = nil
	}
	appendings.Put(e)
}

// owning is the state of one Detach.
type owning struct {
	guard
	arena *Arena
}

// decoding is the state of one Decode: what is left of the source, and the first error.
type decoding struct {
	scratch
	src   []byte
	ctx   any
	err   error
	depth int
}

var decodings = sync.Pool{New: func() any { return new(decoding) }}

func (d *decoding) done() {
	d.src, d.ctx, d.err, d.depth = nil, nil, nil, 0
	decodings.Put(d)
}

func (d *decoding) fail(format string, args ...any) {
	d.failWith(fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...))
}

// failWith keeps the first error, which need not be ours: a user's unmarshaler has its own.
func (d *decoding) failWith(err error) {
	if d.err == nil {
		d.err = err
	}
	d.src = nil
}

// take gives the next n bytes, or nil and an error.
func (d *decoding) take(n uint64) []byte {
	if n > uint64(len(d.src)) {
		d.fail("%d bytes wanted, %d left", n, len(d.src))
		return nil
	}
	b := d.src[:n:n]
	d.src = d.src[n:]
	return b
}

const (
	// MaxRows is the most rows of a block, and the most values of a slice whose elements have no size.
	MaxRows = 1 << 26

	maxValues = 1 << 30 // values of one column
)

// plausible refuses counts of values that the bytes left cannot hold, before anybody makes room for them.
func (d *decoding) plausible(n int, size uintptr, col column) bool {
	switch {
	case d.err != nil:
		return false
	case n < 0 || n > maxValues || size == 0 && n > MaxRows || n > 0 && col.least(uint64(n)) > uint64(len(d.src)):
		d.fail("%d values in %d bytes", n, len(d.src))
		return false
	}
	return true
}

// enter goes one reference deeper.
func (d *decoding) enter() bool {
	if d.depth++; d.depth > maxDepth {
		d.fail("values are nested more than %d deep", maxDepth)
	}
	return d.err == nil
}

func (d *decoding) leave() { d.depth-- }

// countable is plausible's other half: it refuses to encode what would not be decoded.
func countable(n int, size uintptr) error {
	if n > maxValues || size == 0 && n > MaxRows {
		return fmt.Errorf("%d values in one column are too many: split the value", n)
	}
	return nil
}

const (
	keepBytes   = 1 << 20 // scratch above this is left to the garbage collector
	keepScratch = 8
)

// scratch lends slices of numbers.
type scratch struct{ free [][]uint64 }

// numbers lends a slice of n numbers of any content; the caller gives it back, or not.
func (s *scratch) numbers(n int) []uint64 {
	last := len(s.free) - 1
	for i := last; i >= 0; i-- {
		if b := s.free[i]; cap(b) >= n {
			s.free[i] = s.free[last]
			s.free = s.free[:last]
			return b[:n]
		}
	}
	return make([]uint64, n, max(n, 256))
}

func (s *scratch) giveBack(b []uint64) {
	switch {
	case cap(b) == 0 || cap(b) > keepBytes/8:
	case len(s.free) < keepScratch:
		s.free = append(s.free, b)
	default:
		for i, f := range s.free {
			if cap(f) < cap(b) {
				s.free[i] = b
				return
			}
		}
	}
}

// memory lends n bytes, aligned for every type.
func (s *scratch) memory(n int) (lent []uint64, bytes []byte) {
	lent = s.numbers((n + 7) / 8)
	return lent, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(lent))), n)
}
