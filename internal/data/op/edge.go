package op

import (
	"fmt"
	"reflect"
	"unsafe"
)

// pushFunc takes n rows of a type that both sides know.
type pushFunc func(rows unsafe.Pointer, n int) error

// inBatches pushes rows in batches of at most BatchRows.
func (l *layout) inBatches(rows unsafe.Pointer, n int, push pushFunc) error {
	for ; n > BatchRows; n -= BatchRows {
		if err := push(rows, BatchRows); err != nil {
			return err
		}
		rows = unsafe.Add(rows, BatchRows*l.size)
	}
	if n == 0 {
		return nil
	}
	return push(rows, n)
}

// erased is the sink of an operator that is not generic: whoever has rows for it makes an edge of its own type.
type erased struct {
	rows reflect.Type // nil when any will do
	push pushFunc
	end  func() error // nil when nothing is held back
}

// End implements Ender.
func (e *erased) End() error {
	if e.end == nil {
		return nil
	}
	return e.end()
}

// erasedPush gives the push of an erased sink for rows of a type.
func erasedPush(down any, row RowType) (pushFunc, error) {
	rows := Reflect(row)
	if e, ok := down.(*erased); ok && (e.rows == nil || e.rows == rows) {
		return e.push, nil
	} else if ok {
		return nil, fmt.Errorf("operators do not fit: rows of %v are wanted, not of %v", e.rows, rows)
	}
	return nil, fmt.Errorf("operators do not fit: %T does not take rows of %v", down, rows)
}

// edge is a push as a typed Sink.
type edge[T any] struct{ push pushFunc }

// Push implements Sink.
func (e *edge[T]) Push(rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return e.push(unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
}

// feed pushes all rows of a source, in batches; those of a spill can be pushed again.
type feed func(push pushFunc) error

// feedOf makes a feed of an input.
func feedOf(in Input, rows RowType) feed {
	return func(push pushFunc) error { return in.Run(&erased{rows: Reflect(rows), push: push}) }
}

// pairLayout is how the rows of KV[K, V] lie in memory.
type pairLayout struct {
	row, key, val *layout
	valAt         uintptr // the key is at the front
}

// pairOf is the layout of rows that are a KV.
func pairOf(rows RowType) (p pairLayout, err error) {
	if p.row, err = layoutFor(Reflect(rows)); err != nil {
		return p, err
	}
	key, val := p.row.typ.Field(0), p.row.typ.Field(1)
	if p.key, err = layoutFor(key.Type); err != nil {
		return p, err
	}
	p.val, err = layoutFor(val.Type)
	p.valAt = val.Offset
	return p, err
}

// fill makes n pairs of keys and values that lie side by side, or at the places that a list names.
func (p *pairLayout) fill(dst, keys unsafe.Pointer, key []int32, vals unsafe.Pointer, n int) {
	p.key.move(dst, p.row.size, nil, keys, p.key.size, key, n)
	p.val.move(unsafe.Add(dst, p.valAt), p.row.size, nil, vals, p.val.size, nil, n)
}
