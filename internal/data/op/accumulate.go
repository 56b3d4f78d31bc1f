package op

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/funcs"
)

// Adder says how an accumulator of R takes what is added and how two of them become one. It is a struct that funcs can ship.
type Adder[T, R any] interface {
	Add(R, T) R
	Merge(R, R) R
}

// AccumulatorHandle is what a kiln.Accumulator points to. On the driver it holds the sum; in a task it holds what that task added.
type AccumulatorHandle[T, R any] struct {
	id    ids.AccumulatorID
	name  string
	site  string
	adder Adder[T, R]
	zero  []byte
	task  *Task // nil on the driver

	mu  sync.Mutex // guards sum on the driver
	sum R
	any bool // something was added
}

// NewAccumulatorHandle makes the driver's handle.
func NewAccumulatorHandle[T, R any](id ids.AccumulatorID, name, site string, zero R, adder Adder[T, R]) (*AccumulatorHandle[T, R], error) {
	b, err := codec.EncodeValue(zero)
	if err != nil {
		return nil, err
	}
	if _, err := funcs.AppendOp(nil, adder); err != nil {
		return nil, err
	}
	own, err := codec.DecodeValue[R](nil, b)
	return &AccumulatorHandle[T, R]{id: id, name: name, site: site, adder: adder, zero: b, sum: own}, err
}

// ID is the accumulator's number.
func (h *AccumulatorHandle[T, R]) ID() ids.AccumulatorID { return h.id }

// Name is the name that its maker gave.
func (h *AccumulatorHandle[T, R]) Name() string { return h.name }

// Add adds v: in a task from the task's goroutine only, on the driver from any.
func (h *AccumulatorHandle[T, R]) Add(v T) {
	if h == nil {
		panic(&Failure{Err: errors.New("the zero Accumulator takes nothing: make one with kiln.NewSum, NewCounter, NewList, NewSet or NewAccumulator")})
	}
	if h.task == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
	}
	h.sum = h.adder.Add(h.sum, v)
	h.any = true
}

// Value gives the sum of what finished tasks and the driver added.
func (h *AccumulatorHandle[T, R]) Value() R {
	if h.task != nil {
		panic(&Failure{Err: fmt.Errorf("accumulator %q made at %s: Value is for the driver; a task only adds", h.name, h.site)})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sum
}

// MergeUpdate adds, on the driver, what one task sent.
func (h *AccumulatorHandle[T, R]) MergeUpdate(value []byte) error {
	r, err := codec.DecodeValue[R](nil, value)
	if err != nil {
		return fmt.Errorf("accumulator %q: %w", h.name, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sum = h.adder.Merge(h.sum, r)
	return nil
}

// Update implements Binding.
func (h *AccumulatorHandle[T, R]) Update() (task.Update, bool, error) {
	if !h.any {
		return task.Update{}, false, nil
	}
	b, err := codec.EncodeValue(h.sum)
	return task.Update{Accumulator: h.id, Value: b}, true, err
}

// Depart implements codec.Traveller.
func (h *AccumulatorHandle[T, R]) Depart(dst []byte) ([]byte, error) {
	dst = binary.AppendUvarint(dst, uint64(h.id))
	for _, s := range [][]byte{[]byte(h.name), []byte(h.site), h.zero} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return funcs.AppendOp(dst, h.adder)
}

// Arrive implements codec.Traveller: ctx is the task.
func (h *AccumulatorHandle[T, R]) Arrive(ctx any, src []byte) error {
	t, ok := ctx.(*Task)
	if !ok {
		return errors.New("an Accumulator travels in the environment of a function only, not in rows")
	}
	damaged := fmt.Errorf("accumulator handle: %w", codec.ErrCorrupt)
	id, w := binary.Uvarint(src)
	if w <= 0 || id > 1<<31-1 {
		return damaged
	}
	src = src[w:]
	var parts [3][]byte
	for i := range parts {
		n, w := binary.Uvarint(src)
		if w <= 0 || n > uint64(len(src)-w) {
			return damaged
		}
		parts[i], src = src[w:w+int(n)], src[w+int(n):]
	}
	o, rest, err := funcs.DecodeOp(t, src)
	if err != nil {
		return err
	}
	adder, ok := o.(Adder[T, R])
	if !ok || len(rest) > 0 {
		return damaged
	}
	h.id, h.name, h.site, h.adder, h.task = ids.AccumulatorID(id), string(parts[0]), string(parts[1]), adder, t
	if h.sum, err = codec.DecodeValue[R](nil, parts[2]); err != nil {
		return err
	}
	t.Bind(h)
	return nil
}

// Number is what can be summed.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

// Summing adds numbers.
type Summing[T Number] struct{}

// Add implements Adder.
func (Summing[T]) Add(sum, v T) T { return sum + v }

// Merge implements Adder.
func (Summing[T]) Merge(a, b T) T { return a + b }

// Listing gathers values.
type Listing[T any] struct{}

// Add implements Adder.
func (Listing[T]) Add(list []T, v T) []T { return append(list, v) }

// Merge implements Adder.
func (Listing[T]) Merge(a, b []T) []T { return append(a, b...) }

// Gathering gathers distinct values.
type Gathering[T comparable] struct{}

// Add implements Adder.
func (Gathering[T]) Add(set map[T]struct{}, v T) map[T]struct{} {
	if set == nil {
		set = map[T]struct{}{}
	}
	if v != v && indexOfNaN(slices.Collect(maps.Keys(set)), v) >= 0 {
		return set
	}
	set[v] = struct{}{}
	return set
}

// Merge implements Adder.
func (g Gathering[T]) Merge(a, b map[T]struct{}) map[T]struct{} {
	for v := range b {
		a = g.Add(a, v)
	}
	return a
}

// ByFuncs adds and merges by the user's functions.
type ByFuncs[T, R any] struct {
	AddF   func(R, T) R
	MergeF func(R, R) R
}

// Add implements Adder.
func (f ByFuncs[T, R]) Add(r R, v T) R { return f.AddF(r, v) }

// Merge implements Adder.
func (f ByFuncs[T, R]) Merge(a, b R) R { return f.MergeF(a, b) }
