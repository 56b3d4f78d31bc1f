package codec

import (
	"errors"
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
	traits      traits
	fingerprint uint32
}

// A column encodes one part of every row of a batch: base points to it in the first row, stride bytes lie between rows. Columns are
// immutable; n is never zero.
type column interface {
	append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error)
	// decode fills zeroed memory, or fails d.
	decode(d *decoding, base unsafe.Pointer, n int, stride uintptr)
	detach(o *owning, base unsafe.Pointer, n int, stride uintptr)
	footprint(g *guard, base unsafe.Pointer, n int, stride uintptr) int64
	// least gives the fewest bytes that n values can be encoded in: what a decoder demands before it makes room for them.
	least(n uint64) uint64
	traits() traits
}

// traits is what a column knows of its type.
type traits struct {
	flat  bool // no pointers inside
	plain bool // the encoding of values that lie together is their memory, and every content of it is valid
	alias bool // decoded values may refer to the source
	deep  bool // values may refer to values of the same type
}

// and gives the traits of a type that has parts of both kinds.
func (t traits) and(u traits) traits {
	return traits{flat: t.flat && u.flat, plain: t.plain && u.plain, alias: t.alias || u.alias, deep: t.deep || u.deep}
}

// behind gives the traits of a type that refers to values with traits t.
func (t traits) behind() traits { return traits{alias: t.alias, deep: t.deep} }

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
	c, _ := cache.LoadOrStore(t, &Codec{typ: t, size: t.Size(), col: col, traits: col.traits(), fingerprint: fingerprint(t)})
	return c.(*Codec), nil
}

// For is Of for a type known at compile time.
func For[T any]() (*Codec, error) { return Of(reflect.TypeFor[T]()) }

// Type is the type of the rows.
func (c *Codec) Type() reflect.Type { return c.typ }

// Flat reports that rows hold no pointers, so that copying their memory copies them.
func (c *Codec) Flat() bool { return c.traits.flat }

// Append encodes n rows that begin at base, column by column, without a header. It fails for cyclic values and when a user's
// marshaler does; dst then has an undefined end.
func (c *Codec) Append(dst []byte, base unsafe.Pointer, n int) ([]byte, error) {
	if n == 0 {
		return dst, nil
	}
	if err := countable(n, c.size); err != nil {
		return dst, err
	}
	e := appendings.Get().(*appending)
	defer e.done()
	e.guard = guard{codec: c, base: base, rows: n}
	return c.col.append(e, dst, base, n, c.size)
}

// Decode fills n zeroed rows that begin at base from what Append wrote, which must be all of src. Strings and byte slices alias src,
// which must not change any more. Ctx is handed to every Traveller on the way. After an error the rows are undefined.
func (c *Codec) Decode(ctx any, src []byte, base unsafe.Pointer, n int) error {
	d := decodings.Get().(*decoding)
	defer d.done()
	d.src, d.ctx = src, ctx
	if d.plausible(n, c.size, c.col) && n > 0 {
		c.col.decode(d, base, n, c.size)
	}
	if d.err == nil && len(d.src) > 0 {
		d.fail("%d bytes are left over", len(d.src))
	}
	return d.err
}

// Detach gives n rows their own copies of all strings, slices, maps and pointers that they hold: they share nothing with the buffers
// that they came from. What is small and holds no pointers is carved from the arena's chunks. A value that contains itself cannot
// have come from bytes; such rows may be left as they are.
func (c *Codec) Detach(base unsafe.Pointer, n int, a *Arena) {
	if n > 0 && !c.traits.flat {
		o := owning{arena: a, guard: guard{codec: c, base: base, rows: n}}
		c.col.detach(&o, base, n, c.size)
	}
}

// Footprint estimates the bytes of memory that n rows hold beyond their own size.
func (c *Codec) Footprint(base unsafe.Pointer, n int) int64 {
	if n == 0 || c.traits.flat {
		return 0
	}
	g := guard{codec: c, base: base, rows: n}
	return c.col.footprint(&g, base, n, c.size)
}
