package funcs

import (
	"fmt"
	"reflect"
	"unsafe"
)

// AppendOp encodes an operator behind dst: a struct, or a pointer to one, whose fields are functions, values that can be encoded,
// or structs of such fields. Blank fields and fields tagged `kiln:"-"` stay behind. The error is a [*CaptureError] with its Field
// set if a function cannot travel, and wraps the codec's error if a value cannot. The operator is not kept.
func AppendOp(dst []byte, op any) ([]byte, error) {
	m, err := self()
	if err != nil {
		return dst, err
	}
	v := reflect.ValueOf(op)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return dst, fmt.Errorf("the operator %T is nil", op)
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
	dst = append(dst, s.ref...)
	for _, f := range s.fields {
		var err error
		dst, err = appendSized(dst, func(dst []byte) ([]byte, error) {
			at := unsafe.Add(base, f.offset)
			if f.codec != nil {
				return f.codec.Append(dst, at, 1)
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
	r := in.typeRef()
	if in.err != nil {
		return nil, src, in.err
	}
	t, err := m.resolveType(r)
	if err != nil {
		return nil, src, err
	}
	s, err := m.shapeOf(t)
	if err != nil {
		return nil, src, err
	}
	err = recovering(func() error {
		v := reflect.New(t)
		op = v.Interface()
		return s.decode(m, ctx, &in, v.UnsafePointer())
	})
	if err != nil {
		return nil, src, fmt.Errorf("operator %v: %w", t, err)
	}
	return op, in.src, nil
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
		closure, err := m.decodeFunc(body, f.typ)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		*(*unsafe.Pointer)(at) = closure
	}
	return nil
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
