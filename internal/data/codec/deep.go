package codec

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// ErrCyclic is what a value that contains itself gives.
var ErrCyclic = errors.New("the value contains itself, which cannot be encoded")

const (
	maxDepth = 1 << 17 // levels of a recursive value: the length of a list, the height of a tree
	// checkDepth is the level at which a value is searched for cycles: deep enough that ordinary trees never pay, and not so
	// deep that a cycle with many branches has filled the memory.
	checkDepth = 12
)

// enter goes one level deeper into a recursive value.
func (f *forward) enter(e *encodeState) error {
	e.depth++
	if e.depth == checkDepth {
		if err := e.acyclic(); err != nil {
			return err
		}
	}
	if e.depth > maxDepth {
		return fmt.Errorf("a value is nested more than %d deep", maxDepth)
	}
	return nil
}

// acyclic searches all rows for a value that is its own ancestor.
func (e *encodeState) acyclic() error {
	w := walker{path: map[visit]bool{}, done: map[visit]bool{}}
	for i := range e.rows {
		p := unsafe.Add(e.base, uintptr(i)*e.root.size)
		if !w.walk(reflect.NewAt(e.root.typ, p).Elem()) {
			return fmt.Errorf("row %d of %v: %w", i, e.root.typ, ErrCyclic)
		}
	}
	return nil
}

type visit struct {
	p unsafe.Pointer
	t reflect.Type
	n int
}

// walker goes through a value as deep as it is. Path holds the ancestors, done what is known to be without a cycle.
type walker struct{ path, done map[visit]bool }

func (w *walker) walk(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil() || w.through(visit{v.UnsafePointer(), v.Type(), 1}, func() bool { return w.walk(v.Elem()) })
	case reflect.Slice:
		return v.Len() == 0 || !hasPointers(v.Type().Elem()) || w.through(visit{v.UnsafePointer(), v.Type(), v.Len()}, func() bool {
			return w.all(v.Len(), v.Index)
		})
	case reflect.Map:
		return v.Len() == 0 || w.through(visit{v.UnsafePointer(), v.Type(), 1}, func() bool {
			for iter := v.MapRange(); iter.Next(); {
				if !w.walk(iter.Key()) || !w.walk(iter.Value()) {
					return false
				}
			}
			return true
		})
	case reflect.Struct:
		return w.all(v.NumField(), func(i int) reflect.Value {
			if v.Type().Field(i).Tag.Get("kiln") == "-" {
				return reflect.Value{}
			}
			return v.Field(i)
		})
	case reflect.Array:
		return w.all(v.Len(), v.Index)
	}
	return true
}

func (w *walker) all(n int, at func(int) reflect.Value) bool {
	for i := range n {
		if v := at(i); v.IsValid() && !w.walk(v) {
			return false
		}
	}
	return true
}

func (w *walker) through(at visit, inside func() bool) bool {
	switch {
	case w.path[at]:
		return false
	case w.done[at]:
		return true
	}
	w.path[at] = true
	ok := inside()
	delete(w.path, at)
	w.done[at] = true
	return ok
}
