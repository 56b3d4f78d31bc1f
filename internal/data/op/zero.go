package op

import (
	"bytes"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// zeros gives a fresh zero for every key. A plain copy will do when nothing in it can be changed through the copy.
func zeros[C any](zero C) (func() C, error) {
	size := unsafe.Sizeof(zero)
	blank := size == 0 || bytes.Count(unsafe.Slice((*byte)(unsafe.Pointer(&zero)), size), []byte{0}) == int(size)
	if blank || !shares(reflect.TypeFor[C]()) {
		return func() C { return zero }, nil
	}
	encoded, err := codec.EncodeValue(zero)
	if err != nil {
		return nil, err
	}
	return func() C {
		c, err := codec.DecodeValue[C](nil, bytes.Clone(encoded))
		if err != nil {
			panic(fmt.Sprintf("a zero value does not survive its own encoding: %v", err))
		}
		return c
	}, nil
}

// shares says whether a copy of a value of type t can share memory with it that may be written.
func shares(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if shares(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return t.Len() > 0 && shares(t.Elem())
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return true
	}
	return false
}
