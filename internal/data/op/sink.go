package op

import (
	"fmt"
	"reflect"
	"unsafe"
)

// A Sink takes the rows of one input, batch after batch, from one goroutine. It has no type parameter, so that a new element type costs
// the compiler only the functions that touch rows: who has rows asks once whether the sink takes their type, and pushes where
// they are and how many.
type Sink struct {
	rows reflect.Type // that it takes; nil when any will do
	push pushFunc
	end  func() error // nil when nothing is held back
}

// pushFunc takes n rows of a type that both sides know.
//
// It may read rows only during the call and must not change them: their memory is reused, and they may belong to a cache. What it keeps
// it copies; strings and byte slices inside rows stay valid and unchanged for as long as they are referenced. An error ends the
// task, ErrStop ends the input.
type pushFunc func(rows unsafe.Pointer, n int) error

// sinkOf makes a sink of a function.
func sinkOf[T any](push func(rows []T) error) *Sink {
	return &Sink{rows: Reflect(TypeOf[T]()), push: func(rows unsafe.Pointer, n int) error { return push(unsafe.Slice((*T)(rows), n)) }}
}

// ending is a sink that holds rows back until end.
func (s *Sink) ending(end func() error) *Sink {
	s.end = end
	return s
}

// pushTo pushes a slice, unless it is empty.
func pushTo[T any](push pushFunc, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return push(unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
}

// taking gives the push for rows of a type.
func (s *Sink) taking(rows RowType) (pushFunc, error) {
	if t := Reflect(rows); s.rows != nil && s.rows != t {
		return nil, fmt.Errorf("operators do not fit: rows of %v are wanted, not of %v", s.rows, t)
	}
	return s.push, nil
}

// close pushes what is held back into the next sink, and does not end that one: whoever wired a sink ends it. It is called once, after the
// last push of all inputs.
func (s *Sink) close() error {
	if s.end == nil {
		return nil
	}
	return s.end()
}

// inBatches pushes rows in batches of at most BatchRows.
func (l *layout) inBatches(rows unsafe.Pointer, n int, push pushFunc) error {
	return inBatches(rows, n, l.size, push)
}

func inBatches(rows unsafe.Pointer, n int, size uintptr, push pushFunc) error {
	for ; n > BatchRows; n -= BatchRows {
		if err := push(rows, BatchRows); err != nil {
			return err
		}
		rows = unsafe.Add(rows, BatchRows*size)
	}
	if n == 0 {
		return nil
	}
	return push(rows, n)
}

// feed pushes all rows of a source, in batches; those of a spill can be pushed again.
type feed func(push pushFunc) error

// feedOf makes a feed of an input.
func feedOf(in Input, rows RowType) feed {
	return func(push pushFunc) error { return in.Run(&Sink{rows: Reflect(rows), push: push}) }
}
