package op

import (
	"errors"
	"iter"
)

var errRangedTwice = errors.New("the rows of a partition can be ranged over once; collect them first where they are needed twice")

// MapPartitions gives the user's function the rows of a whole partition.
type MapPartitions[T, U any] struct {
	F func(*TaskContext, iter.Seq[T]) iter.Seq2[U, error]
}

// Run implements Combine.
func (o *MapPartitions[T, U]) Run(t *Task, in []Input, out *Sink) error {
	var inErr error
	return pour(t, o.F(t.Face(), rowsOf[T](t, in[0], &inErr)), &inErr, out)
}

// MapPartitionsWith is MapPartitions with an environment.
type MapPartitionsWith[E, T, U any] struct {
	Env E
	F   func(E, *TaskContext, iter.Seq[T]) iter.Seq2[U, error]
}

// Run implements Combine.
func (o *MapPartitionsWith[E, T, U]) Run(t *Task, in []Input, out *Sink) error {
	var inErr error
	return pour(t, o.F(o.Env, t.Face(), rowsOf[T](t, in[0], &inErr)), &inErr, out)
}

// pour pushes what a user's sequence gives. An error of the input counts before one that the user's code made of it.
func pour[U any](t *Task, seq iter.Seq2[U, error], inErr *error, out *Sink) error {
	next, err := out.taking(TypeOf[U]())
	if err != nil || seq == nil {
		return err
	}
	g := gather[U]{next: next}
	for u, e := range seq {
		if *inErr != nil {
			break
		}
		if e != nil {
			return e
		}
		if err = g.one(u); err != nil {
			return err
		}
		if len(g.out) == 0 {
			if err = t.Err(); err != nil {
				return err
			}
		}
	}
	if *inErr != nil {
		return *inErr
	}
	return g.flush()
}
