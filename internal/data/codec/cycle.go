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
	maxDepth = 1 << 17 // references on the way to the end of a value: the length of a list, the height of a tree

	// A recursive value is searched for cycles once it turns out to be this deep or to have so many parts: ordinary trees
	// never pay for the search, and a cycle with many branches has not filled the memory yet.
	suspectDepth = 64
	suspectParts = 1 << 16

	// rememberParts bounds the memory of a search. What is met more often than that through different ways is searched again.
	rememberParts = 1 << 20
)

// guard watches a walk through the rows of recursive types, so that it ends when a value contains itself.
type guard struct {
	codec   *Codec
	base    unsafe.Pointer
	rows    int
	depth   int
	parts   int
	checked bool
	err     error
}

// enter goes one level deeper, to n parts.
func (g *guard) enter(n int) error {
	g.depth++
	g.parts += n
	if !g.checked && (g.depth > suspectDepth || g.parts > suspectParts) {
		g.checked = true
		g.err = g.search()
	}
	return g.err
}

func (g *guard) leave() { g.depth-- }

// search looks at all rows for a value that is its own ancestor, or one that is too deep.
func (g *guard) search() error {
	w := walker{path: map[visit]bool{}, done: map[visit]bool{}, outlines: map[reflect.Type]outline{}}
	for i := range g.rows {
		p := unsafe.Add(g.base, uintptr(i)*g.codec.size)
		if err := w.walk(reflect.NewAt(g.codec.typ, p).Elem()); err != nil {
			return fmt.Errorf("row %d of %v: %w", i, g.codec.typ, err)
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
type walker struct {
	path, done map[visit]bool
	outlines   map[reflect.Type]outline
}

// outline is where values of a type refer to others.
type outline struct {
	ends   bool // nowhere, or only its own encoding knows
	fields []int
}

func (w *walker) outline(t reflect.Type) outline {
	s, ok := w.outlines[t]
	if !ok {
		s.ends = !hasPointers(t) || t.Kind() == reflect.String || customOf(t) != nil && !mayBePromoted(t)
		if t.Kind() == reflect.Struct && !s.ends {
			for i := range t.NumField() {
				if f := t.Field(i); !skipped(f) && hasPointers(f.Type) {
					s.fields = append(s.fields, i)
				}
			}
		}
		w.outlines[t] = s
	}
	return s
}

func (w *walker) walk(v reflect.Value) error {
	s := w.outline(v.Type())
	if s.ends {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return w.through(visit{v.UnsafePointer(), v.Type(), 1}, func() error { return w.walk(v.Elem()) })
		}
	case reflect.Slice:
		if v.Len() > 0 && !w.outline(v.Type().Elem()).ends {
			return w.through(visit{v.UnsafePointer(), v.Type(), v.Len()}, func() error { return w.all(v.Len(), v.Index) })
		}
	case reflect.Map:
		if v.Len() > 0 {
			return w.through(visit{v.UnsafePointer(), v.Type(), 1}, func() error { return w.entries(v) })
		}
	case reflect.Struct:
		return w.all(len(s.fields), func(i int) reflect.Value { return v.Field(s.fields[i]) })
	case reflect.Array:
		return w.all(v.Len(), v.Index)
	}
	return nil
}

func (w *walker) entries(v reflect.Value) error {
	for iter := v.MapRange(); iter.Next(); {
		if err := w.walk(iter.Key()); err != nil {
			return err
		}
		if err := w.walk(iter.Value()); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) all(n int, at func(int) reflect.Value) error {
	for i := range n {
		if err := w.walk(at(i)); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) through(at visit, inside func() error) error {
	switch {
	case w.path[at]:
		return ErrCyclic
	case w.done[at]:
		return nil
	case len(w.path) >= maxDepth:
		return fmt.Errorf("the value is nested more than %d deep", maxDepth)
	}
	w.path[at] = true
	err := inside()
	delete(w.path, at)
	if len(w.done) < rememberParts {
		w.done[at] = true
	}
	return err
}
