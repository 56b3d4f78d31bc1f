package op

import (
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Reduce answers with one row: its call's Zero, if there is one, and all rows brought together by Merge. Of nothing it answers with no row.
type Reduce struct {
	Call Caller `kiln:"op"`
}

// Open implements Output.
func (o *Reduce) Open(*Task) (*Sink, Done, error) {
	c := o.Call.erase()
	return openFold(c.rows, RowsIn(c.zero), c.merge)
}

// Of brings Zero and the rows of all partitions together.
func (o *Reduce) Of(r Rows) Rows {
	c := o.Call.erase()
	all := RowsIn(c.zero)
	all.Add(r)
	if b := &all.buffer; b.n > 1 {
		c.merge(b.base, b.at(1), b.n-1)
		b.n = 1
	}
	return all
}

// Aggregate answers with one row: Zero and all rows brought together by Add.
type Aggregate[T, A any] struct {
	Zero A
	Add  func(A, T) A
}

// Open implements Output.
func (o *Aggregate[T, A]) Open(*Task) (*Sink, Done, error) {
	return openFold(Reflect(TypeOf[T]()), RowsIn([]A{o.Zero}), folded(o.Add))
}

// folded makes a folding of a function.
//
//go:noinline
func folded[T, A any](add func(A, T) A) folding {
	return func(sum, rows unsafe.Pointer, n int) {
		*(*A)(sum) = foldRows(add, *(*A)(sum), unsafe.Slice((*T)(rows), n))
	}
}

// openFold brings zero and all rows together.
func openFold(rows reflect.Type, zero Rows, fold folding) (*Sink, Done, error) {
	s := &foldedRow{rowBuffer{layout: zero.buffer.layout}}
	s.sum.add(zero.buffer.base, zero.buffer.n)
	return &Sink{rows: rows, push: func(rows unsafe.Pointer, n int) error {
		if s.sum.n == 0 {
			s.sum.add(rows, 1)
			if n == 1 {
				return nil
			}
			rows, n = unsafe.Add(rows, s.sum.size), n-1
		}
		fold(s.sum.base, rows, n)
		return nil
	}}, s, nil
}

// foldedRow is at most one row.
type foldedRow struct{ sum rowBuffer }

// Abort implements Done.
func (s *foldedRow) Abort() {}

// Finish implements Done.
func (s *foldedRow) Finish() (Answer, error) {
	if s.sum.n == 0 {
		return Answer{}, nil
	}
	v, err := codec.NewEncoder(s.sum.codec, codec.None).AppendBlock(nil, s.sum.base, 1)
	return Answer{Value: v}, err
}

// foldRows is sum with all rows added. One turn of the loop makes four calls, for the reason that mapRows gives.
//
//go:noinline
func foldRows[T, A any](add func(A, T) A, sum A, rows []T) A {
	for len(rows) >= 4 {
		four := (*[4]T)(rows)
		sum = add(add(add(add(sum, four[0]), four[1]), four[2]), four[3])
		rows = rows[4:]
	}
	for i := range rows {
		sum = add(sum, rows[i])
	}
	return sum
}

// Partial makes one row of a partition: Zero and all rows brought together by Add. It is the first level of a tree.
type Partial[T, A any] struct {
	Zero A
	Add  func(A, T) A
}

// Wire implements Transform.
func (o *Partial[T, A]) Wire(_ *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[A]())
	// The zero may be changed by Add, and this operator may be wired for several partitions of one task: each has its own.
	zero, cloneErr := cloneValue(o.Zero)
	if err == nil {
		err = cloneErr
	}
	s := &partialSink[T, A]{sum: zero, add: o.Add, next: next}
	return sinkOf(s.push).ending(s.end), err
}

type partialSink[T, A any] struct {
	sum  A
	add  func(A, T) A
	next pushFunc
}

func (s *partialSink[T, A]) push(rows []T) error {
	s.sum = foldRows(s.add, s.sum, rows)
	return nil
}

func (s *partialSink[T, A]) end() error { return pushTo(s.next, []A{s.sum}) }

func cloneValue[A any](v A) (A, error) {
	b, err := codec.EncodeValue(v)
	if err != nil {
		return v, err
	}
	return codec.DecodeValue[A](nil, b)
}

// Some makes no row of an empty partition, and one of another: its rows brought together by F.
type Some[T any] struct{ F func(T, T) T }

// Wire implements Transform.
func (o *Some[T]) Wire(_ *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[T]())
	s := &someSink[T]{f: o.F, next: next}
	return sinkOf(s.push).ending(s.end), err
}

type someSink[T any] struct {
	f    func(T, T) T
	sum  Maybe[T]
	next pushFunc
}

func (s *someSink[T]) push(rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	if !s.sum.Ok {
		s.sum = Maybe[T]{rows[0], true}
		rows = rows[1:]
	}
	s.sum.Value = foldRows(s.f, s.sum.Value, rows)
	return nil
}

func (s *someSink[T]) end() error {
	if !s.sum.Ok {
		return nil
	}
	return pushTo(s.next, []T{s.sum.Value})
}
