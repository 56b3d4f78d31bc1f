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
	// Arrive makes the zero value a handle in the context that Decode was given. Src may be kept.
	Arrive(ctx any, src []byte) error
}

var registered sync.Map // reflect.Type -> *custom

// Register gives a type, which may be an interface, a codec of its own. Call it from an init function: a type that has been used
// before keeps the codec that it had then.
func Register[T any](append func(dst []byte, v T) ([]byte, error), decode func(src []byte) (T, error)) {
	registered.Store(reflect.TypeFor[T](), &custom{
		typ: reflect.TypeFor[T](),
		put: func(dst []byte, p unsafe.Pointer) ([]byte, error) { return append(dst, *(*T)(p)) },
		get: func(_ any, src []byte, p unsafe.Pointer) (err error) {
			*(*T)(p), err = decode(src)
			return err
		},
	})
}

// custom encodes values by functions: a length and so many bytes for each.
type custom struct {
	typ reflect.Type
	put func(dst []byte, p unsafe.Pointer) ([]byte, error)
	get func(ctx any, src []byte, p unsafe.Pointer) error
}

// customOf gives the column of a type that encodes itself, or nil.
func customOf(t reflect.Type) column {
	if c, ok := registered.Load(t); ok {
		return c.(*custom)
	}
	p := reflect.PointerTo(t)
	switch {
	case t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer:
		return nil
	case p.Implements(traveller):
		return &custom{typ: t, put: func(dst []byte, at unsafe.Pointer) ([]byte, error) {
			return reflect.NewAt(t, at).Interface().(Traveller).Depart(dst)
		}, get: func(ctx any, src []byte, at unsafe.Pointer) error {
			return reflect.NewAt(t, at).Interface().(Traveller).Arrive(ctx, src)
		}}
	case t == timeType:
		return timeColumn()
	case p.Implements(binaryMarshaler) && p.Implements(binaryUnmarshaler):
		return &custom{typ: t, put: func(dst []byte, at unsafe.Pointer) ([]byte, error) {
			b, err := reflect.NewAt(t, at).Interface().(encoding.BinaryMarshaler).MarshalBinary()
			return append(dst, b...), err
		}, get: func(_ any, src []byte, at unsafe.Pointer) error {
			return reflect.NewAt(t, at).Interface().(encoding.BinaryUnmarshaler).UnmarshalBinary(src)
		}}
	case hiddenFields(t) && p.Implements(textMarshaler) && p.Implements(textUnmarshaler):
		return &custom{typ: t, put: func(dst []byte, at unsafe.Pointer) ([]byte, error) {
			b, err := reflect.NewAt(t, at).Interface().(encoding.TextMarshaler).MarshalText()
			return append(dst, b...), err
		}, get: func(_ any, src []byte, at unsafe.Pointer) error {
			return reflect.NewAt(t, at).Interface().(encoding.TextUnmarshaler).UnmarshalText(src)
		}}
	}
	return nil
}

// timeColumn keeps the instant and the zone; a monotonic reading stays behind, as it means nothing elsewhere.
func timeColumn() column {
	return &custom{typ: timeType, put: func(dst []byte, at unsafe.Pointer) ([]byte, error) {
		t := *(*time.Time)(at)
		b, err := t.MarshalBinary()
		return append(dst, b...), err
	}, get: func(_ any, src []byte, at unsafe.Pointer) error {
		t := (*time.Time)(at)
		if err := t.UnmarshalBinary(src); err != nil {
			return err
		}
		return nil
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

func (c *custom) traits() traits { return traits{bytes: true} }

func (c *custom) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	lengths := e.numbers(n)
	defer e.giveBack(lengths)
	var body []byte
	for i := range lengths {
		row := unsafe.Add(base, uintptr(i)*stride)
		at := len(body)
		if body, err = c.put(body, row); err != nil {
			return dst, fmt.Errorf("encoding a %v: %w", c.typ, err)
		}
		lengths[i] = uint64(len(body) - at)
	}
	return append(appendLengths(dst, lengths), body...), nil
}

func (c *custom) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	lengths, _ := d.lengths(n, nil)
	for i, l := range lengths {
		row := unsafe.Add(base, uintptr(i)*stride)
		src := d.take(l)
		if d.err != nil {
			return
		}
		if err := c.get(d.ctx, src, row); err != nil {
			d.failWith(fmt.Errorf("decoding a %v: %w", c.typ, err))
			return
		}
	}
}

// Detach encodes and decodes: a type that encodes itself may hold anything.
func (c *custom) detach(base unsafe.Pointer, n int, stride uintptr, _ *Arena) {
	if c.typ == timeType {
		return
	}
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		if b, err := c.put(nil, row); err == nil {
			v := reflect.New(c.typ)
			if c.get(nil, b, v.UnsafePointer()) == nil {
				reflect.NewAt(c.typ, row).Elem().Set(v.Elem())
			}
		}
	}
}

func (c *custom) footprint(_ unsafe.Pointer, n int, _ uintptr) int64 { return int64(n) * 64 }
