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

// errGoesOn is what a sequence ends with that does not heed yield: it may be endless.
var errGoesOn = errors.New("a sequence goes on after yield returned false: it must return then")

// pour pushes what a user's sequence gives; nil gives nothing. An error of the input counts before one that the user's code made of it.
func pour[U any](t *Task, seq iter.Seq2[U, error], inErr *error, out *Sink) error {
	next, err := out.taking(TypeOf[U]())
	if err != nil || seq == nil {
		return err
	}
	g := gather[U]{next: next}
	goesOn, over := errGoesOn, false
	seq(func(u U, e error) bool {
		if over {
			panic(&Failure{Err: goesOn})
		}
		if e != nil {
			err, goesOn = e, e // the first error is the one that users look for
		} else if err = g.one(u); err == nil && len(g.out) == 0 {
			err = t.Err()
		}
		over = err != nil || *inErr != nil
		return !over
	})
	if *inErr != nil {
		return *inErr
	}
	if err != nil {
		return err
	}
	return g.flush()
}
