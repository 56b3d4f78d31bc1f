package op

import (
	"iter"
	"unsafe"
)

// ForEach calls F for every row and answers with nothing.
type ForEach[T any] struct{ F func(T) }

// Open implements Output.
func (o *ForEach[T]) Open(*Task) (any, Done, error) {
	f := o.F
	return &erased{rows: Reflect(TypeOf[T]()), push: func(rows unsafe.Pointer, n int) error {
		for _, row := range unsafe.Slice((*T)(rows), n) {
			f(row)
		}
		return nil
	}}, nothing{}, nil
}

// nothing is the Done of an output that has only effects.
type nothing struct{}

func (nothing) Finish() (Answer, error) { return Answer{}, nil }
func (nothing) Abort()                  {}

// ForEachWith is ForEach with an environment.
type ForEachWith[E, T any] struct {
	Env E
	F   func(E, T)
}

// Open implements Output.
func (o *ForEachWith[E, T]) Open(t *Task) (any, Done, error) {
	env, f := o.Env, o.F
	return (&ForEach[T]{func(row T) { f(env, row) }}).Open(t)
}

// EachPartition gives the rows of a partition to F and has at most one row: none. Its output is Discard.
type EachPartition[T any] struct {
	F func(*TaskContext, iter.Seq[T]) error
}

// Run implements Combine.
func (o *EachPartition[T]) Run(t *Task, in []Input, _ any) error {
	var inErr error
	err := o.F(t.Face(), rowsOf[T](t, in[0], &inErr))
	if inErr != nil {
		return inErr
	}
	return err
}

// EachPartitionWith is EachPartition with an environment.
type EachPartitionWith[E, T any] struct {
	Env E
	F   func(E, *TaskContext, iter.Seq[T]) error
}

// Run implements Combine.
func (o *EachPartitionWith[E, T]) Run(t *Task, in []Input, _ any) error {
	var inErr error
	err := o.F(o.Env, t.Face(), rowsOf[T](t, in[0], &inErr))
	if inErr != nil {
		return inErr
	}
	return err
}

// Discard takes any rows and answers with nothing: a job that is run for its effects.
type Discard struct{}

// Open implements Output.
func (o *Discard) Open(*Task) (any, Done, error) {
	return &erased{push: func(unsafe.Pointer, int) error { return nil }}, nothing{}, nil
}
