package op

import (
	"iter"
	"unsafe"
)

// ForEach makes its call for every row and answers with nothing.
type ForEach struct {
	Call Caller `kiln:"op"`
}

// Open implements Output.
func (o *ForEach) Open(*Task) (*Sink, Done, error) {
	c := o.Call.erase()
	return &Sink{rows: c.rows, push: func(rows unsafe.Pointer, n int) error {
		c.each(rows, n)
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
func (o *ForEachWith[E, T]) Open(t *Task) (*Sink, Done, error) {
	env, f := o.Env, o.F
	return (&ForEach{&Calls[T]{Each: func(row T) { f(env, row) }}}).Open(t)
}

// EachPartition makes its call for the rows of a partition and has at most one row: none. Its output is Discard.
type EachPartition struct {
	Call Caller `kiln:"op"`
}

// Run implements Combine.
func (o *EachPartition) Run(t *Task, in []Input, _ *Sink) error {
	var inErr error
	c := o.Call.erase()
	err := c.visit(&passage{t: t, in: in[0], rows: c.rows, err: &inErr})
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
func (o *EachPartitionWith[E, T]) Run(t *Task, in []Input, _ *Sink) error {
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
func (o *Discard) Open(*Task) (*Sink, Done, error) {
	return &Sink{push: func(unsafe.Pointer, int) error { return nil }}, nothing{}, nil
}
