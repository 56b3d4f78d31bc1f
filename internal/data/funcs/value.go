package funcs

import (
	"fmt"
	"reflect"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// AppendValue encodes v together with its type, for values whose type the receiver does not know beforehand: a user's error,
// for one. It fails, and appends nothing, if the type is not part of the image or cannot be encoded.
func AppendValue(dst []byte, v any) ([]byte, error) {
	m, err := self()
	if err != nil {
		return dst, err
	}
	t := reflect.TypeOf(v)
	if t == nil {
		return dst, fmt.Errorf("nil has no type to travel with")
	}
	r, err := m.typeRefOf(t)
	if err != nil {
		return dst, err
	}
	c, err := codec.Of(t)
	if err != nil {
		return dst, err
	}
	p := reflect.New(t)
	p.Elem().Set(reflect.ValueOf(v))
	out := r.append(dst)
	err = recovering(func() (err error) {
		out, err = appendSized(out, func(dst []byte) ([]byte, error) { return c.Append(dst, p.UnsafePointer(), 1) })
		return err
	})
	if err != nil {
		return dst, err
	}
	return out, nil
}

// DecodeValue reads what [AppendValue] wrote and gives the value, of its own type, and the bytes behind it. The value may alias
// src. It believes as little as [DecodeOp].
func DecodeValue(ctx any, src []byte) (v any, rest []byte, err error) {
	m, err := self()
	if err != nil {
		return nil, src, err
	}
	in := reader{src: src}
	r := in.typeRef()
	body := in.sized()
	if in.err != nil {
		return nil, src, in.err
	}
	t, err := m.resolveType(r)
	if err != nil {
		return nil, src, err
	}
	c, err := codec.Of(t)
	if err != nil {
		return nil, src, err
	}
	err = recovering(func() error {
		p := reflect.New(t)
		err := c.Decode(ctx, body, p.UnsafePointer(), 1)
		v = p.Elem().Interface()
		return err
	})
	if err != nil {
		return nil, src, fmt.Errorf("value of type %v: %w", t, err)
	}
	return v, in.src, nil
}

// recovering turns a panic of f into an error. A message may name any type of the image: one with methods of its own that panic
// for bytes they never wrote, or one of the runtime's that must not be made on the heap.
func recovering(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}
