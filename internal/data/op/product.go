package op

import (
	"errors"
	"fmt"
	"iter"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Cartesian pairs every row of the first input with every row of the second. The second is held in memory, and computed once.
type Cartesian[T, U any] struct{}

// Run implements Combine.
func (o *Cartesian[T, U]) Run(t *Task, in []Input, out *Sink) error {
	next, err := out.taking(TypeOf[KV[T, U]]())
	if err != nil {
		return err
	}
	right := &holdSink[U]{t: t}
	defer right.release()
	if err := in[1].Run(sinkOf(right.push)); err != nil {
		return err
	}
	s := &crossSink[T, U]{t: t, right: right.rows, gather: gather[KV[T, U]]{next: next}}
	return in[0].Run(sinkOf(s.push))
}

type crossSink[T, U any] struct {
	gather[KV[T, U]]
	t     *Task
	right []U
}

func (s *crossSink[T, U]) push(rows []T) error {
	for i := range rows {
		if err := s.t.Err(); err != nil {
			return err
		}
		for j := range s.right {
			if err := s.one(KV[T, U]{rows[i], s.right[j]}); err != nil {
				return err
			}
		}
	}
	return s.flush()
}

// holdSink keeps all rows of an input in memory, accounted.
type holdSink[T any] struct {
	t     *Task
	rows  []T
	bytes int64
}

func (s *holdSink[T]) push(rows []T) error {
	n := int64(len(rows)) * int64(unsafe.Sizeof(*new(T)))
	if c, err := codec.For[T](); err == nil {
		n += c.Footprint(unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
	}
	if !s.t.Memory.Grow(n) {
		return fmt.Errorf("%d rows of %T do not fit into the task's memory and cannot be spilled here: raise kiln.executor.memory or use more partitions", len(s.rows)+len(rows), *new(T))
	}
	s.bytes += n
	s.rows = append(s.rows, rows...)
	return nil
}

func (s *holdSink[T]) release() { s.t.Memory.Shrink(s.bytes) }

// ErrZipLength is what Zip gives when partitions of its two sides differ in length.
var ErrZipLength = errors.New("Zip needs the same number of rows in each partition of both sides")

// Zip pairs the rows of two inputs by position.
type Zip[T, U any] struct{}

// Run implements Combine.
func (o *Zip[T, U]) Run(t *Task, in []Input, out *Sink) error {
	next, err := out.taking(TypeOf[KV[T, U]]())
	if err != nil {
		return err
	}
	var rightErr error
	right, stop := iter.Pull(rowsOf[U](t, in[1], &rightErr))
	defer stop()
	s := &zipSink[T, U]{right: right, gather: gather[KV[T, U]]{next: next}}
	if err := in[0].Run(sinkOf(s.push)); err != nil {
		if rightErr != nil {
			return rightErr
		}
		return err
	}
	if _, more := right(); more {
		return fmt.Errorf("%w: in partition %d the second side has more", ErrZipLength, t.Ref.Partition)
	}
	return rightErr
}

type zipSink[T, U any] struct {
	gather[KV[T, U]]
	right func() (U, bool)
}

func (s *zipSink[T, U]) push(rows []T) error {
	for i := range rows {
		u, ok := s.right()
		if !ok {
			return fmt.Errorf("%w: the first side has more", ErrZipLength)
		}
		if err := s.one(KV[T, U]{rows[i], u}); err != nil {
			return err
		}
	}
	return s.flush()
}
