package op

import (
	"errors"
	"hash/crc32"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// ErrRowsChanged is what kiln.debug.checkRows finds: a function changed the rows that it was given.
var ErrRowsChanged = errors.New("a function changed the rows that it was given; rows may be shared with a cache: copy what must change")

// guard finds functions that change their rows, by comparing checksums of the encoded rows before and after. It is nil unless
// kiln.debug.checkRows is set, so that a batch pays for two nil checks only.
type guard struct {
	codec *codec.Codec
	buf   []byte
}

func guardOf[T any](t *Task) *guard { return guardFor(t, TypeOf[T]()) }

func guardFor(t *Task, rows RowType) *guard {
	if t == nil || !t.DebugRows {
		return nil
	}
	c, err := codec.Of(Reflect(rows))
	if err != nil {
		return nil // rows between fused operators need not be encodable
	}
	return &guard{codec: c}
}

func markRows[T any](g *guard, rows []T) uint32 {
	return g.mark(unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
}

func checkRows[T any](g *guard, rows []T, mark uint32) error {
	return g.check(unsafe.Pointer(unsafe.SliceData(rows)), len(rows), mark)
}

// mark is what check compares with.
func (g *guard) mark(rows unsafe.Pointer, n int) uint32 {
	if g == nil {
		return 0
	}
	return g.sum(rows, n)
}

func (g *guard) check(rows unsafe.Pointer, n int, mark uint32) error {
	if g == nil || g.sum(rows, n) == mark {
		return nil
	}
	return ErrRowsChanged
}

func (g *guard) sum(base unsafe.Pointer, n int) uint32 {
	buf, err := g.codec.Append(g.buf[:0], base, n)
	if err != nil {
		return 0
	}
	g.buf = buf
	return crc32.ChecksumIEEE(buf)
}
