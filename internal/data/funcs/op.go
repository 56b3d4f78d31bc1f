package funcs

import (
	"fmt"
	"reflect"
	"unsafe"
)

// AppendOp encodes an operator behind dst: a struct, or a pointer to one, whose fields are functions, values that can be encoded,
// or structs of such fields. A field tagged `kiln:"op"` is an interface that holds another operator. Of the functions tagged
// `kiln:"one"` exactly one is set. Blank fields and fields tagged `kiln:"-"` stay behind. The error is a [*CaptureError] with its Field
// set if a function cannot travel, and wraps the codec's error if a value cannot. The operator is not kept.
func AppendOp(dst []byte, op any) ([]byte, error) {
	m, err := self()
	if err != nil {
		return dst, err
	}
	return m.appendOp(dst, reflect.ValueOf(op), reflect.TypeOf(op))
}

func (m *image) appendOp(dst []byte, v reflect.Value, t reflect.Type) ([]byte, error) {
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return dst, fmt.Errorf("the operator %v is nil", t)
	}
	if v.Kind() != reflect.Pointer {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		v = p
	}
	s, err := m.shapeOf(v.Type().Elem())
	if err != nil {
		return dst, err
	}
	return s.append(m, dst, v.UnsafePointer())
}

func (s *shape) append(m *image, dst []byte, base unsafe.Pointer) ([]byte, error) {
	whole := dst
	if s.one && s.set(base) != 1 {
		return whole, &CaptureError{Kind: NilFunc}
	}
	dst = append(dst, s.ref...)
	for _, f := range s.fields {
		var err error
		dst, err = appendSized(dst, func(dst []byte) ([]byte, error) {
			at := unsafe.Add(base, f.offset)
			switch {
			case f.codec != nil:
				return f.codec.Append(dst, at, 1)
			case f.nested():
				return m.appendOp(dst, reflect.NewAt(f.typ, at).Elem().Elem(), f.typ)
			case f.one && *(*unsafe.Pointer)(at) == nil:
				return dst, nil
			}
			r, err := m.refOf(*(*unsafe.Pointer)(at), f.typ)
			return r.Append(dst), err
		})
		if err != nil {
			return whole, atField(f.path, err)
		}
	}
	return dst, nil
}

// DecodeOp reads what [AppendOp] wrote and gives a pointer to a fresh operator, and the bytes behind it. ctx reaches every value
// that binds itself to the task in which it arrives. The operator may alias src. Nothing is believed that the image does not
// confirm; values are as safe as the codec's decoder.
func DecodeOp(ctx any, src []byte) (op any, rest []byte, err error) {
	m, err := self()
	if err != nil {
		return nil, src, err
	}
	in := reader{src: src}
	err = recovering(func() error {
		v, err := m.decodeOp(ctx, &in, reflect.TypeFor[any]())
		if err == nil {
			op = v.Interface()
		}
		return err
	})
	if err != nil {
		return nil, src, err
	}
	return op, in.src, nil
}

// decodeOp reads an operator whose pointer must implement an interface.
func (m *image) decodeOp(ctx any, in *reader, want reflect.Type) (v reflect.Value, err error) {
	r := in.typeRef()
	if in.err != nil {
		return v, in.err
	}
	t, err := m.resolveType(r)
	if err != nil {
		return v, err
	}
	if !reflect.PointerTo(t).Implements(want) {
		return v, fmt.Errorf("operator %v is not a %v", t, want)
	}
	s, err := m.shapeOf(t)
	if err != nil {
		return v, err
	}
	v = reflect.New(t)
	if err := s.decode(m, ctx, in, v.UnsafePointer()); err != nil {
		return v, fmt.Errorf("operator %v: %w", t, err)
	}
	return v, nil
}

func (s *shape) decode(m *image, ctx any, in *reader, base unsafe.Pointer) error {
	for _, f := range s.fields {
		body := in.sized()
		if in.err != nil {
			return fmt.Errorf("%s: %w", f.path, in.err)
		}
		at := unsafe.Add(base, f.offset)
		if f.codec != nil {
			if err := f.codec.Decode(ctx, body, at, 1); err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
			continue
		}
		if f.nested() {
			inner := reader{src: body}
			v, err := m.decodeOp(ctx, &inner, f.typ)
			if err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
			reflect.NewAt(f.typ, at).Elem().Set(v)
			continue
		}
		if f.one && len(body) == 0 {
			continue
		}
		closure, err := m.decodeFunc(body, f.typ)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		*(*unsafe.Pointer)(at) = closure
	}
	if n := s.set(base); s.one && n != 1 {
		return fmt.Errorf("%d functions are set, where one has to be", n)
	}
	return nil
}

// set counts the functions that are there, of those of which one should be.
func (s *shape) set(base unsafe.Pointer) (n int) {
	for _, f := range s.fields {
		if f.one && *(*unsafe.Pointer)(unsafe.Add(base, f.offset)) != nil {
			n++
		}
	}
	return n
}

func (m *image) decodeFunc(body []byte, t reflect.Type) (unsafe.Pointer, error) {
	in := reader{src: body}
	r := in.ref()
	if in.err != nil {
		return nil, in.err
	}
	if len(in.src) != 0 {
		return nil, fmt.Errorf("%d bytes too many behind the reference to %s", len(in.src), clip(r.Name))
	}
	return m.resolve(r, t)
}
