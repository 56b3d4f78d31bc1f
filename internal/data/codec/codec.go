package codec

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// ErrCorrupt is in the chain of every error about bytes that cannot be what an encoder wrote.
var ErrCorrupt = errors.New("damaged data")

// Codec encodes and decodes rows of one type. It is immutable and safe for concurrent use.
type Codec struct {
	typ         reflect.Type
	size        uintptr
	col         column
	fingerprint uint32
}

// A column encodes one part of every row of a batch: base points to it in the first row, stride bytes lie between rows.
type column interface {
	append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error)
	decode(d *decoding, base unsafe.Pointer, n int, stride uintptr)
	detach(base unsafe.Pointer, n int, stride uintptr, a *Arena)
	footprint(base unsafe.Pointer, n int, stride uintptr) int64
	traits() traits
}

// traits is what a column knows of its type.
type traits struct {
	flat  bool // no pointers inside
	bytes bool // more than fewRows rows take at least a byte each
	deep  bool // values may refer to values of the same type
}

var cache sync.Map // reflect.Type -> *Codec

// Of gives the codec of a type. The error is a *TypeError that names the path to what cannot be encoded.
func Of(t reflect.Type) (*Codec, error) {
	if c, ok := cache.Load(t); ok {
		return c.(*Codec), nil
	}
	col, err := compile(t)
	if err != nil {
		return nil, err
	}
	c, _ := cache.LoadOrStore(t, &Codec{typ: t, size: t.Size(), col: col, fingerprint: fingerprint(t)})
	return c.(*Codec), nil
}

// For is Of for a type known at compile time.
func For[T any]() (*Codec, error) { return Of(reflect.TypeFor[T]()) }

// Type is the type of the rows.
func (c *Codec) Type() reflect.Type { return c.typ }

// Flat reports that rows hold no pointers, so that copying their memory copies them.
func (c *Codec) Flat() bool { return c.col.traits().flat }

// Append encodes n rows that begin at base, column by column, without a header. It fails for cyclic values and when a user's
// marshaler does; dst then has an undefined end.
func (c *Codec) Append(dst []byte, base unsafe.Pointer, n int) ([]byte, error) {
	if n == 0 {
		return dst, nil
	}
	e := encodings.Get().(*encodeState)
	defer encodings.Put(e)
	e.depth, e.root, e.rows, e.base = 0, c, n, base
	return c.col.append(e, dst, base, n, c.size)
}

// Decode fills n zeroed rows that begin at base from what Append wrote, which must be all of src. Strings and byte slices alias src,
// which must not change any more. Ctx is handed to every Traveller on the way.
func (c *Codec) Decode(ctx any, src []byte, base unsafe.Pointer, n int) error {
	d := decoding{src: src, ctx: ctx}
	if !d.plausible(n, c.col.traits()) {
		return d.err
	}
	if n > 0 {
		c.col.decode(&d, base, n, c.size)
	}
	if d.err == nil && len(d.src) > 0 {
		d.fail("%d bytes are left over", len(d.src))
	}
	return d.err
}

// Detach gives n rows their own copies of all strings, slices and pointers that they hold: they share nothing with the buffers that they
// came from. Small pieces are carved from the arena's chunks.
func (c *Codec) Detach(base unsafe.Pointer, n int, a *Arena) {
	if n > 0 && !c.Flat() {
		c.col.detach(base, n, c.size, a)
	}
}

// Footprint estimates the bytes of memory that n rows hold beyond their own size.
func (c *Codec) Footprint(base unsafe.Pointer, n int) int64 {
	if n == 0 || c.Flat() {
		return 0
	}
	return c.col.footprint(base, n, c.size)
}

// encodeState is the scratch of one Append.
type encodeState struct {
	depth int
	root  *Codec
	base  unsafe.Pointer
	rows  int
	free  [][]uint64
}

var encodings = sync.Pool{New: func() any { return new(encodeState) }}

// numbers lends a slice of n numbers; the caller gives it back.
func (e *encodeState) numbers(n int) []uint64 {
	if k := len(e.free); k > 0 {
		s := e.free[k-1]
		e.free = e.free[:k-1]
		if cap(s) >= n {
			return s[:n]
		}
	}
	return make([]uint64, n)
}

func (e *encodeState) giveBack(s []uint64) {
	if cap(s) <= 1<<16 {
		e.free = append(e.free, s)
	}
}

// decoding is the state of one Decode: what is left of the source, and the first error.
type decoding struct {
	src   []byte
	ctx   any
	err   error
	depth int
}

func (d *decoding) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
	}
	d.src = nil
}

// failWith keeps an error that is not ours, such as that of a user's unmarshaler.
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

// fewRows is how many values a column may claim that takes no byte for each: more need at least a byte each, which keeps a
// few damaged bytes from asking for gigabytes.
const fewRows = 4096

// MaxRows is the most rows of a block.
const MaxRows = 1 << 20

// plausible refuses counts that the bytes left cannot hold.
func (d *decoding) plausible(n int, t traits) bool {
	switch {
	case n < 0 || !t.bytes && n > MaxRows:
	case n > fewRows && t.bytes && n > len(d.src):
	default:
		return true
	}
	d.fail("%d values in %d bytes", n, len(d.src))
	return false
}
