package codec

import (
	"encoding"
	"fmt"
	"reflect"
	"sync"
	"time"
	"unsafe"
)

// Traveller is a handle that binds to where it arrives, such as a broadcast in a function's environment. It is implemented by *T.
type Traveller interface {
	// Depart appends what Arrive needs.
	Depart(dst []byte) ([]byte, error)
	// Arrive makes the zero value a handle in the context that Decode was given. Src does not change any more and may be kept.
	Arrive(ctx any, src []byte) error
}

var registered sync.Map // reflect.Type -> *custom

// Register gives a type, which may be an interface, a codec of its own. Append must be deterministic; decode may keep src. Nil
// interfaces travel by themselves: append never sees one. Call it from an init function: a type that has been used before keeps the
// codec that it had then.
func Register[T any](append func(dst []byte, v T) ([]byte, error), decode func(src []byte) (T, error)) {
	c := &custom{
		typ: reflect.TypeFor[T](),
		put: func(dst []byte, p unsafe.Pointer) ([]byte, error) { return append(dst, *(*T)(p)) },
		get: func(_ any, src []byte, p unsafe.Pointer) (err error) {
			*(*T)(p), err = decode(src)
			return err
		},
	}
	if c.typ.Kind() == reflect.Interface {
		c.isNil = func(p unsafe.Pointer) bool { return any(*(*T)(p)) == nil }
	}
	c.filler = fillerFor(c.typ.Size())
	registered.Store(c.typ, c)
}

// custom encodes values by functions: lengths plus one, zero for a nil interface, and then so many bytes for each.
type custom struct {
	typ    reflect.Type
	put    func(dst []byte, p unsafe.Pointer) ([]byte, error)
	get    func(ctx any, src []byte, p unsafe.Pointer) error
	isNil  func(p unsafe.Pointer) bool // for interfaces
	bound  bool                        // to a context: it cannot be made again without one
	filler uint64                      // bytes per value
}

var (
	binaryMarshaler   = reflect.TypeFor[encoding.BinaryMarshaler]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	textMarshaler     = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler   = reflect.TypeFor[encoding.TextUnmarshaler]()
	traveller         = reflect.TypeFor[Traveller]()
	timeType          = reflect.TypeFor[time.Time]()
)

// customOf gives the column of a type that encodes itself, or nil.
func customOf(t reflect.Type) column {
	p := reflect.PointerTo(t)
	named := t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer
	if named && p.Implements(traveller) {
		return &custom{typ: t, bound: true, filler: fillerFor(t.Size()), put: func(dst []byte, at unsafe.Pointer) ([]byte, error) {
			return reflect.NewAt(t, at).Interface().(Traveller).Depart(dst)
		}, get: func(ctx any, src []byte, at unsafe.Pointer) error {
			return reflect.NewAt(t, at).Interface().(Traveller).Arrive(ctx, src)
		}}
	}
	if c, ok := registered.Load(t); ok {
		return c.(*custom)
	}
	switch {
	case !named:
		return nil
	case t == timeType:
		return times{}
	case p.Implements(binaryMarshaler) && p.Implements(binaryUnmarshaler):
		return marshaled(t, func(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() },
			func(v any, src []byte) error { return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(src) })
	case hiddenFields(t) && p.Implements(textMarshaler) && p.Implements(textUnmarshaler):
		return marshaled(t, func(v any) ([]byte, error) { return v.(encoding.TextMarshaler).MarshalText() },
			func(v any, src []byte) error { return v.(encoding.TextUnmarshaler).UnmarshalText(src) })
	}
	return nil
}

// marshaled gives the column of a type with a pair of methods.
func marshaled(t reflect.Type, marshal func(v any) ([]byte, error), unmarshal func(v any, src []byte) error) column {
	return &custom{typ: t, filler: fillerFor(t.Size()), put: func(dst []byte, at unsafe.Pointer) ([]byte, error) {
		b, err := marshal(reflect.NewAt(t, at).Interface())
		return append(dst, b...), err
	}, get: func(_ any, src []byte, at unsafe.Pointer) error {
		return unmarshal(reflect.NewAt(t, at).Interface(), src)
	}}
}

// hiddenFields reports whether a struct has unexported fields.
func hiddenFields(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return true
		}
	}
	return false
}

// mayBePromoted reports whether the methods that make t encode itself may be those of an embedded field, such as a time.Time. They
// would leave all other fields behind; so the fields travel, if they can.
func mayBePromoted(t reflect.Type) bool {
	if _, ok := registered.Load(t); ok || t.Kind() != reflect.Struct || t.NumField() < 2 {
		return false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.Anonymous {
			continue
		}
		for _, methods := range []reflect.Type{traveller, binaryMarshaler, textMarshaler} {
			if f.Type.Implements(methods) || reflect.PointerTo(f.Type).Implements(methods) {
				return true
			}
		}
	}
	return false
}

func (*custom) traits() traits          { return traits{alias: true} }
func (c *custom) least(n uint64) uint64 { return leastOfNumbers(n) + n*c.filler }

func (c *custom) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	lengths := e.numbers(n)
	defer e.giveBack(lengths)
	body := e.body[:0]
	for i := range lengths {
		p := unsafe.Add(base, uintptr(i)*stride)
		if c.isNil != nil && c.isNil(p) {
			lengths[i] = 0
			continue
		}
		at := len(body)
		if body, err = c.put(body, p); err != nil {
			return dst, fmt.Errorf("encoding a %v: %w", c.typ, err)
		}
		lengths[i] = uint64(len(body)-at) + 1
	}
	e.body = body
	dst = appendLengths(appendFiller(dst, uint64(n)*c.filler), lengths)
	return append(dst, body...), nil
}

func (c *custom) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	d.take(uint64(n) * c.filler)
	lengths, sum := d.marked(n)
	body := d.take(sum)
	if d.err != nil {
		return
	}
	for i, l := range lengths {
		if l == 0 {
			if c.isNil == nil {
				d.fail("a %v that is not there", c.typ)
				return
			}
			continue
		}
		src := body[: l-1 : l-1]
		body = body[l-1:]
		if err := c.get(d.ctx, src, unsafe.Add(base, uintptr(i)*stride)); err != nil {
			d.failWith(fmt.Errorf("decoding a %v: %w", c.typ, err))
			return
		}
	}
	d.giveBack(lengths)
}

// detach encodes and decodes: a type that encodes itself may hold anything. One that cannot stays as it is.
func (c *custom) detach(_ *owning, base unsafe.Pointer, n int, stride uintptr) {
	for i := range n {
		p := unsafe.Add(base, uintptr(i)*stride)
		if c.bound || c.isNil != nil && c.isNil(p) {
			continue
		}
		if b, err := c.put(nil, p); err == nil {
			v := reflect.New(c.typ)
			if c.get(nil, b, v.UnsafePointer()) == nil {
				reflect.NewAt(c.typ, p).Elem().Set(v.Elem())
			}
		}
	}
}

// footprint guesses: the memory behind a value that encodes itself is not known.
func (c *custom) footprint(_ *guard, _ unsafe.Pointer, n int, _ uintptr) int64 { return int64(n) * 64 }
