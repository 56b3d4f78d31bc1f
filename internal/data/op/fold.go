package op

import (
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Reduce answers with one row: Zero, if there is one, and all rows brought together by F. Of nothing it answers with no row.
type Reduce[T any] struct {
	F    func(T, T) T
	Zero []T // at most one
}

// Open implements Output.
func (o *Reduce[T]) Open(*Task) (any, Done, error) {
	return openFold(TypeOf[T](), TypeOf[T](), unsafe.Pointer(unsafe.SliceData(o.Zero)), len(o.Zero), Reducing(o.F))
}

// Aggregate answers with one row: Zero and all rows brought together by Add.
type Aggregate[T, A any] struct {
	Zero A
	Add  func(A, T) A
}

// Open implements Output.
func (o *Aggregate[T, A]) Open(*Task) (any, Done, error) {
	return openFold(TypeOf[T](), TypeOf[A](), unsafe.Pointer(&o.Zero), 1, Folding(o.Add))
}

// Folder brings rows together with what lies at sum.
type Folder func(sum, rows unsafe.Pointer, n int)

// Folding makes a Folder of a function.
//
//go:noinline
func Folding[T, A any](add func(A, T) A) Folder {
	return func(sum, rows unsafe.Pointer, n int) {
		*(*A)(sum) = foldRows(add, *(*A)(sum), unsafe.Slice((*T)(rows), n))
	}
}

// Reducing is Folding of rows among themselves. Methods of an RDD use it, which are compiled for every type of rows, called or not: its
// loop is a short one.
//
//go:noinline
func Reducing[T any](f func(T, T) T) Folder {
	return func(sum, rows unsafe.Pointer, n int) {
		s := *(*T)(sum)
		for _, row := range unsafe.Slice((*T)(rows), n) {
			s = f(s, row)
		}
		*(*T)(sum) = s
	}
}

func openFold(rows, sums RowType, zero unsafe.Pointer, zeros int, fold Folder) (any, Done, error) {
	l, err := layoutFor(Reflect(sums))
	if err != nil {
		return nil, nil, err
	}
	s := &folded{rowBuffer{layout: l}}
	s.sum.add(zero, zeros)
	return &erased{rows: Reflect(rows), push: func(rows unsafe.Pointer, n int) error {
		if s.sum.n == 0 {
			s.sum.add(rows, 1)
			if n == 1 {
				return nil
			}
			rows, n = unsafe.Add(rows, l.size), n-1
		}
		fold(s.sum.base, rows, n)
		return nil
	}}, s, nil
}

// Fold brings the rows together, from the first on.
func (r Rows) Fold(by Folder) Rows {
	if b := &r.buffer; b.n > 1 {
		by(b.base, b.at(1), b.n-1)
		b.n = 1
	}
	return r
}

// folded is at most one row.
type folded struct{ sum rowBuffer }

// Abort implements Done.
func (s *folded) Abort() {}

// Finish implements Done.
func (s *folded) Finish() (Answer, error) {
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
func (o *Partial[T, A]) Wire(_ *Task, down any) (any, error) {
	next, err := sinkOf[A](down)
	// The zero may be changed by Add, and this operator may be wired for several partitions of one task: each has its own.
	zero, cloneErr := cloneValue(o.Zero)
	if err == nil {
		err = cloneErr
	}
	return &partialSink[T, A]{sum: zero, add: o.Add, next: next}, err
}

type partialSink[T, A any] struct {
	sum  A
	add  func(A, T) A
	next Sink[A]
}

func (s *partialSink[T, A]) Push(rows []T) error {
	s.sum = foldRows(s.add, s.sum, rows)
	return nil
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
	return &someSink[T]{f: o.F, next: next}, err
}

type someSink[T any] struct {
	f    func(T, T) T
	sum  Maybe[T]
	next Sink[T]
}

func (s *someSink[T]) Push(rows []T) error {
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

func (s *someSink[T]) End() error {
	if !s.sum.Ok {
		return nil
	}
	return s.next.Push([]T{s.sum.Value})
}
