package kiln

import (
	"context"

	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/op"
)

// Broadcast is a value that every process of the application has once. Put it into the environment of a function (MapWith and its
// kin); it is fetched when a task first asks for it, from the driver or from other executors that have it. The handle may be copied; the
// value must not be changed.
type Broadcast[T any] struct{ h *op.BroadcastHandle[T] }

// NewBroadcast encodes v and offers it to the executors. The error says what of v cannot be encoded, such as a value that contains itself, or is
// ErrClosed. A type that cannot be encoded at all is refused, as by any verb that builds.
func NewBroadcast[T any](s *Session, v T) (Broadcast[T], error) {
	site := userSite()
	if _, err := codec.For[T](); err != nil {
		panic(&BuildError{Verb: "NewBroadcast", Site: site, Cause: err})
	}
	if s.ctx.Err() != nil {
		return Broadcast[T]{}, locate("NewBroadcast", site, ErrClosed)
	}
	encoded, err := codec.EncodeValue(v)
	if err != nil {
		return Broadcast[T]{}, locate("NewBroadcast", site, err)
	}
	ref, err := s.driver.Broadcast(encoded, site)
	if err != nil {
		return Broadcast[T]{}, locate("NewBroadcast", site, err)
	}
	return Broadcast[T]{op.NewBroadcastHandle(ref, v, func(destroy bool) { s.driver.DropBroadcast(ref.ID, destroy) })}, nil
}

// Get gives the value. In a task the first call of a process fetches it; what goes wrong there fails the task.
func (b Broadcast[T]) Get() T { return b.h.Get() }

// Unpersist drops the copies of the executors; they fetch the value again when they need it.
func (b Broadcast[T]) Unpersist(ctx context.Context) error { return b.drop(ctx, false) }

// Destroy drops the value everywhere. Later use is an error that names where the broadcast was made.
func (b Broadcast[T]) Destroy(ctx context.Context) error { return b.drop(ctx, true) }

func (b Broadcast[T]) drop(ctx context.Context, destroy bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return b.h.Drop(destroy)
}

// Accumulator takes values from tasks and is read on the driver. Put it into the environment of a function. What a task adds counts
// once when the task is done: exactly once for each partition of a stage, however often its tasks run.
type Accumulator[T any] struct{ h *op.AccumulatorHandle[T, T] }

// Add adds v. In a task it may be called from the function's goroutine only.
func (a Accumulator[T]) Add(v T) { a.h.Add(v) }

// Value gives what has been added so far. It is for the driver; in a task it fails the task.
func (a Accumulator[T]) Value() T { return a.h.Value() }

// Name is the name that the accumulator was made with.
func (a Accumulator[T]) Name() string { return a.h.Name() }

// AccumulatorOf is an accumulator whose sum is of another type than what is added.
type AccumulatorOf[T, R any] struct{ h *op.AccumulatorHandle[T, R] }

// Add adds v. In a task it may be called from the function's goroutine only.
func (a AccumulatorOf[T, R]) Add(v T) { a.h.Add(v) }

// Value gives what has been added so far; the caller must not change it. It is for the driver; in a task it fails the task.
func (a AccumulatorOf[T, R]) Value() R { return a.h.Value() }

// Name is the name that the accumulator was made with.
func (a AccumulatorOf[T, R]) Name() string { return a.h.Name() }

// NewSum makes an accumulator that sums numbers.
func NewSum[T Number](s *Session, name string) Accumulator[T] {
	return Accumulator[T]{accumulator[T, T](s, "NewSum", name, 0, op.Summing[T]{})}
}

// NewCounter makes an accumulator that counts.
func NewCounter(s *Session, name string) Accumulator[int64] { return NewSum[int64](s, name) }

// NewList makes an accumulator that gathers values, in no particular order.
func NewList[T any](s *Session, name string) AccumulatorOf[T, []T] {
	return AccumulatorOf[T, []T]{accumulator[T, []T](s, "NewList", name, nil, op.Listing[T]{})}
}

// NewSet makes an accumulator that gathers distinct values.
func NewSet[T comparable](s *Session, name string) AccumulatorOf[T, map[T]struct{}] {
	return AccumulatorOf[T, map[T]struct{}]{accumulator[T, map[T]struct{}](s, "NewSet", name, nil, op.Gathering[T]{})}
}

// NewAccumulator makes an accumulator that begins with zero in every task, takes values with add and brings two sums together with
// merge.
func NewAccumulator[T, R any](s *Session, name string, zero R, add func(R, T) R, merge func(R, R) R) AccumulatorOf[T, R] {
	return AccumulatorOf[T, R]{accumulator[T, R](s, "NewAccumulator", name, zero, op.ByFuncs[T, R]{AddF: add, MergeF: merge})}
}

func accumulator[T, R any](s *Session, verb, name string, zero R, adder op.Adder[T, R]) *op.AccumulatorHandle[T, R] {
	site := userSite()
	if s == nil {
		panic(&BuildError{Verb: verb, Site: site, Cause: errNoSession})
	}
	h, err := op.NewAccumulatorHandle(s.nextAccumulator(), name, site, zero, adder)
	if err != nil {
		panic(&BuildError{Verb: verb, Site: site, Cause: err})
	}
	s.accumulators.add(h)
	return h
}
