package op

import "github.com/kilnproject/kiln/internal/data/codec"

// Reduce answers with the rows brought together by F, as a Maybe: a partition may be empty.
type Reduce[T any] struct{ F func(T, T) T }

// Open implements Output.
func (o *Reduce[T]) Open(*Task) (any, Done, error) {
	s := &reduceSink[T]{f: o.F}
	return s, s, nil
}

type reduceSink[T any] struct {
	f   func(T, T) T
	sum Maybe[T]
}

func (s *reduceSink[T]) Push(rows []T) error {
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

func (s *reduceSink[T]) Abort() {}
func (s *reduceSink[T]) Finish() (Answer, error) {
	v, err := codec.EncodeValue(s.sum)
	return Answer{Value: v}, err
}

// Aggregate answers with Zero and all rows brought together by Add.
type Aggregate[T, A any] struct {
	Zero A
	Add  func(A, T) A
}

// Open implements Output.
func (o *Aggregate[T, A]) Open(*Task) (any, Done, error) {
	s := &aggregateSink[T, A]{sum: o.Zero, add: o.Add}
	return s, s, nil
}

type aggregateSink[T, A any] struct {
	sum A
	add func(A, T) A
}

func (s *aggregateSink[T, A]) Push(rows []T) error {
	s.sum = foldRows(s.add, s.sum, rows)
	return nil
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

func (s *aggregateSink[T, A]) Abort() {}
func (s *aggregateSink[T, A]) Finish() (Answer, error) {
	v, err := codec.EncodeValue(s.sum)
	return Answer{Value: v}, err
}

// Partial makes one row of a partition: Zero and all rows brought together by Add. It is the first level of a tree.
type Partial[T, A any] struct {
	Zero A
	Add  func(A, T) A
}

// Wire implements Transform.
func (o *Partial[T, A]) Wire(_ *Task, down any) (any, error) {
	next, err := sinkOf[A](down)
	// The zero may be changed by Add, and this operator may be wired for several partitions of one task: each has its own.
	zero, cloneErr := cloneValue(o.Zero)
	if err == nil {
		err = cloneErr
	}
	return &partialSink[T, A]{aggregateSink[T, A]{sum: zero, add: o.Add}, next}, err
}

type partialSink[T, A any] struct {
	aggregateSink[T, A]
	next Sink[A]
}

func (s *partialSink[T, A]) End() error { return s.next.Push([]A{s.sum}) }

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
func (o *Some[T]) Wire(_ *Task, down any) (any, error) {
	next, err := sinkOf[T](down)
	return &someSink[T]{reduceSink[T]{f: o.F}, next}, err
}

type someSink[T any] struct {
	reduceSink[T]
	next Sink[T]
}

func (s *someSink[T]) End() error {
	if !s.sum.Ok {
		return nil
	}
	return s.next.Push([]T{s.sum.Value})
}
