package op

import (
	"reflect"
	"unsafe"
)

// batchFunc makes rows of a batch of n, at most as many, and gives their number.
type batchFunc func(rows, into unsafe.Pointer, n int) int

// mapper is the sink of an operator that makes at most one row of each.
type mapper struct {
	apply batchFunc
	next  pushFunc
	typ   reflect.Type // of the rows that it makes
	out   unsafe.Pointer
	room  int // rows for which there is memory at out
}

func wireMapper(t *Task, from, to RowType, down *Sink, apply batchFunc) (*Sink, error) {
	next, err := down.taking(to)
	m := &mapper{apply: apply, next: next, typ: Reflect(to)}
	return (&Sink{rows: Reflect(from), push: m.push}).guarded(t), err
}

func (m *mapper) push(rows unsafe.Pointer, n int) error {
	if n > m.room {
		m.room = max(n, 64)
		m.out = reflect.MakeSlice(reflect.SliceOf(m.typ), m.room, m.room).UnsafePointer()
	}
	made := m.apply(rows, m.out, n)
	if made == 0 {
		return nil
	}
	return m.next(m.out, made)
}

// room gives a slice of n rows, of buf's memory when it is large enough.
func room[U any](buf []U, n int) []U {
	if cap(buf) < n {
		return make([]U, n, max(n, 64))
	}
	return buf[:n]
}
