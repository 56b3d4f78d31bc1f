package op

import (
	"iter"
	"reflect"
	"unsafe"
)

// Keys keeps the keys of pairs.
type Keys[K, V any] struct{}

// Wire implements Transform.
func (o *Keys[K, V]) Wire(_ *Task, down *Sink) (*Sink, error) {
	return wireMapper(nil, TypeOf[KV[K, V]](), TypeOf[K](), down, mapping(func(p KV[K, V]) K { return p.Key }))
}

// Values keeps the values of pairs.
type Values[K, V any] struct{}

// Wire implements Transform.
func (o *Values[K, V]) Wire(_ *Task, down *Sink) (*Sink, error) {
	return wireMapper(nil, TypeOf[KV[K, V]](), TypeOf[V](), down, mapping(func(p KV[K, V]) V { return p.Value }))
}

// KeyBy puts before each row the key that F gives for it.
type KeyBy[T, K any] struct{ F func(T) K }

// Wire implements Transform.
func (o *KeyBy[T, K]) Wire(t *Task, down *Sink) (*Sink, error) {
	f := o.F
	return wireMapper(t, TypeOf[T](), TypeOf[KV[K, T]](), down, func(rows, into unsafe.Pointer, n int) int {
		in, out := unsafe.Slice((*T)(rows), n), unsafe.Slice((*KV[K, T])(into), n)
		for i := range in {
			out[i].Key, out[i].Value = f(in[i]), in[i]
		}
		return n
	})
}

// MapValues changes the values of pairs and leaves their keys, and so their partitions, alone.
type MapValues[K, V, W any] struct{ F func(V) W }

// Wire implements Transform.
func (o *MapValues[K, V, W]) Wire(t *Task, down *Sink) (*Sink, error) {
	f := o.F
	return wireMapper(t, TypeOf[KV[K, V]](), TypeOf[KV[K, W]](), down, func(rows, into unsafe.Pointer, n int) int {
		in, out := unsafe.Slice((*KV[K, V])(rows), n), unsafe.Slice((*KV[K, W])(into), n)
		for i := range in {
			out[i].Key, out[i].Value = in[i].Key, f(in[i].Value)
		}
		return n
	})
}

// FlatMapValues gives each key the values that F makes of its value.
type FlatMapValues[K, V, W any] struct{ F func(V) []W }

// Wire implements Transform.
func (o *FlatMapValues[K, V, W]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[KV[K, W]]())
	s := &flatValuesSink[K, V, W]{f: o.F, gather: gather[KV[K, W]]{next: next}}
	return sinkOf(s.push).guarded(t), err
}

type flatValuesSink[K, V, W any] struct {
	gather[KV[K, W]]
	f func(V) []W
}

func (s *flatValuesSink[K, V, W]) push(rows []KV[K, V]) error {
	for i := range rows {
		for _, w := range s.f(rows[i].Value) {
			if err := s.one(KV[K, W]{rows[i].Key, w}); err != nil {
				return err
			}
		}
	}
	return s.flush()
}

// Unit pairs each row with nothing, so that verbs by key work on rows.
type Unit[T any] struct{}

// Wire implements Transform.
func (o *Unit[T]) Wire(_ *Task, down *Sink) (*Sink, error) {
	return wireMapper(nil, TypeOf[T](), TypeOf[KV[T, struct{}]](), down, mapping(func(row T) KV[T, struct{}] { return KV[T, struct{}]{Key: row} }))
}

// rowsOf gives the rows of an input as a sequence for a user's function; err gets what ended it early.
//
//go:noinline
func rowsOf[T any](t *Task, in Input, err *error) iter.Seq[T] {
	p := &passage{t: t, in: in, rows: Reflect(TypeOf[T]()), err: err}
	return func(yield func(T) bool) {
		p.run(func(rows unsafe.Pointer, n int) bool {
			for _, row := range unsafe.Slice((*T)(rows), n) {
				if !yield(row) {
					return false
				}
			}
			return true
		})
	}
}

// passage is one pass over the rows of an input.
type passage struct {
	t       *Task
	in      Input
	rows    reflect.Type
	used    bool
	stopped bool
	err     *error
}

// run gives batches to a function until it returns false.
func (p *passage) run(yield func(rows unsafe.Pointer, n int) bool) {
	if p.used {
		*p.err = errRangedTwice
		return
	}
	p.used = true
	g := guardFor(p.t, p.rows)
	err := p.in.Run(&Sink{rows: p.rows, push: func(rows unsafe.Pointer, n int) error {
		mark := g.mark(rows, n)
		if p.stopped = !yield(rows, n); p.stopped {
			return ErrStop
		}
		return g.check(rows, n, mark)
	}})
	if err != nil && !p.stopped {
		*p.err = err
	}
}
