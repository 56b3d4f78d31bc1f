package funcs

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// shape is how values of one operator type travel: its type reference, already encoded, and the fields in order.
type shape struct {
	typ    reflect.Type
	ref    []byte
	fields []field
	one    bool // there are fields of which one is set
}

// field is one part of an operator that travels by itself.
type field struct {
	path   string // for errors: names joined by dots
	offset uintptr
	typ    reflect.Type
	codec  *codec.Codec // nil for a function, and for an operator in an interface
	one    bool         // a function that may be missing: of those that are tagged so, one is there
}

// nested reports whether the field holds an operator of its own.
func (f *field) nested() bool { return f.typ.Kind() == reflect.Interface && f.codec == nil }

// shapes keeps the shape of every operator type seen, reflect.Type to *shape. Types are never forgotten: a program has few.
var shapes sync.Map

func (m *image) shapeOf(t reflect.Type) (*shape, error) {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("type %v is not an operator: operators are structs", t)
	}
	r, err := m.typeRefOf(t)
	if err != nil {
		return nil, err
	}
	s := &shape{typ: t, ref: r.append(nil)}
	if err := s.add(t, 0, ""); err != nil {
		return nil, err
	}
	kept, _ := shapes.LoadOrStore(t, s)
	return kept.(*shape), nil
}

// add appends the fields of struct type t, which lies at offset in the operator.
func (s *shape) add(t reflect.Type, offset uintptr, path string) error {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" || f.Tag.Get("kiln") == "-" {
			continue
		}
		at := field{path: path + f.Name, offset: offset + f.Offset, typ: f.Type}
		if f.Tag.Get("kiln") == "one" && f.Type.Kind() == reflect.Func {
			at.one, s.one = true, true
			s.fields = append(s.fields, at)
			continue
		}
		if f.Tag.Get("kiln") == "op" && f.Type.Kind() == reflect.Interface {
			s.fields = append(s.fields, at)
			continue
		}
		if err := s.addField(at); err != nil {
			return err
		}
	}
	return nil
}

// addField prefers the codec, which also knows types with an encoding of their own. What it refuses may still be a struct that
// holds functions, a functor, whose fields then travel one by one.
func (s *shape) addField(f field) error {
	if f.typ.Kind() == reflect.Func {
		s.fields = append(s.fields, f)
		return nil
	}
	c, err := codec.Of(f.typ)
	if err == nil {
		f.codec = c
		s.fields = append(s.fields, f)
		return nil
	}
	if f.typ.Kind() == reflect.Struct && holdsFunc(f.typ) {
		return s.add(f.typ, f.offset, f.path+".")
	}
	return atField(f.path, err)
}

// holdsFunc reports whether a function lies in struct type t itself, not behind a pointer, slice or map.
func holdsFunc(t reflect.Type) bool {
	for i := range t.NumField() {
		switch f := t.Field(i).Type; f.Kind() {
		case reflect.Func:
			return true
		case reflect.Struct:
			if holdsFunc(f) {
				return true
			}
		}
	}
	return false
}

func atField(path string, err error) error {
	var capture *CaptureError
	if errors.As(err, &capture) {
		capture.Field = path
		return capture
	}
	return fmt.Errorf("%s: %w", path, err)
}
