package op

import (
	"errors"
	"hash/crc32"
	"reflect"
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

func guardFor(t *Task, rows reflect.Type) *guard {
	if t == nil || !t.DebugRows {
		return nil
	}
	c, err := codec.Of(rows)
	if err != nil {
		return nil // rows between fused operators need not be encodable
	}
	return &guard{codec: c}
}

// guarded makes a sink watch what the function does to rows that push gives to it. A sink that is not watched pays nothing.
func (s *Sink) guarded(t *Task) *Sink {
	g := guardFor(t, s.rows)
	if g == nil {
		return s
	}
	push := s.push
	s.push = func(rows unsafe.Pointer, n int) error {
		mark := g.mark(rows, n)
		err := push(rows, n)
		if changed := g.check(rows, n, mark); changed != nil {
			return changed
		}
		return err
	}
	return s
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
