package funcs

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// Ref is the value of a static function inside the image: a top-level function, an instantiated generic function, a method
// expression or a literal without captures. It is a plain value that means the same in every process of the same [Identity].
type Ref struct {
	Offset int64  // of the function value, from the start of the image
	Name   string // as in stack traces; instances of a generic function share one name
	Type   string // the function type
}

// RefOf refers to fn. It gives a [*CaptureError] if fn is a function that cannot travel, and another error if fn is not a function
// or if references are impossible in this process.
func RefOf(fn any) (Ref, error) {
	t := reflect.TypeOf(fn)
	if t == nil {
		return Ref{}, &CaptureError{Kind: NilFunc}
	}
	if t.Kind() != reflect.Func {
		return Ref{}, fmt.Errorf("a %v is not a function", t)
	}
	m, err := self()
	if err != nil {
		return Ref{}, err
	}
	return m.refOf(closureOf(fn), t)
}

func (m *image) refOf(closure unsafe.Pointer, t reflect.Type) (Ref, error) {
	if closure == nil {
		return Ref{}, &CaptureError{Kind: NilFunc}
	}
	s, known := symbolAt(*(*uintptr)(closure))
	if !known || s.isMethodValue() || !m.static(closure) {
		return Ref{}, refuse(s)
	}
	return Ref{Offset: m.offset(closure), Name: s.name, Type: t.String()}, nil
}

// Value builds the function, of type t, after it checked that t is what the reference claims and that exactly this function
// lies at its place.
func (r Ref) Value(t reflect.Type) (reflect.Value, error) {
	if t == nil || t.Kind() != reflect.Func {
		return reflect.Value{}, r.wrong(fmt.Errorf("%v is not a function type", t))
	}
	m, err := self()
	if err != nil {
		return reflect.Value{}, err
	}
	closure, err := m.resolve(r, t)
	if err != nil {
		return reflect.Value{}, err
	}
	v := reflect.New(t)
	*(*unsafe.Pointer)(v.UnsafePointer()) = closure
	return v.Elem(), nil
}

// resolve finds the function value that r stands for.
func (m *image) resolve(r Ref, t reflect.Type) (unsafe.Pointer, error) {
	if r.Type != t.String() {
		return nil, r.wrong(fmt.Errorf("a %v is wanted here", t))
	}
	closure, err := m.at(r.Offset, wordBytes)
	if err != nil {
		return nil, r.wrong(err)
	}
	entry := *(*uintptr)(closure)
	if !m.executable(entry) {
		return nil, r.wrong(errors.New("there is no function at its place"))
	}
	s, known := symbolAt(entry)
	if !known || s.entry != entry {
		return nil, r.wrong(errors.New("no function begins at its place"))
	}
	if s.name != r.Name {
		return nil, r.wrong(fmt.Errorf("%s is at its place", s.name))
	}
	return closure, nil
}

func (r Ref) wrong(err error) error {
	return fmt.Errorf("reference to function %s of type %s: %w", clip(r.Name), clip(r.Type), err)
}

// Append encodes r.
func (r Ref) Append(dst []byte) []byte {
	return appendText(appendText(appendOffset(dst, r.Offset), r.Name), r.Type)
}

// DecodeRef reads what [Ref.Append] wrote and gives the bytes behind it. The reference is not checked before [Ref.Value].
// Its texts alias src.
func DecodeRef(src []byte) (Ref, []byte, error) {
	in := reader{src: src}
	r := in.ref()
	return r, in.src, in.err
}
