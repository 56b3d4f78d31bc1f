package op

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/key"
)

// mapOutput is the output of a task that writes rows of T for reduce partitions.
type mapOutput[T any] struct {
	t       *Task
	held    *held
	writer  ShuffleWriter
	scatter *scatter[T]
	parts   []int32
}

func openMapOutput[T any](t *Task, parts int) (*mapOutput[T], error) {
	if parts <= 0 {
		return nil, fmt.Errorf("a shuffle needs at least one partition, not %d", parts)
	}
	w, err := t.Host.ShuffleWriter(t)
	if err != nil {
		return nil, err
	}
	h := holdFor(t)
	s, err := newScatter[T](t, h, w, parts)
	if err != nil {
		w.Discard()
		return nil, err
	}
	return &mapOutput[T]{t: t, held: h, writer: w, scatter: s}, nil
}

// push sends rows to the partitions in o.parts.
func (o *mapOutput[T]) push(rows []T) error {
	o.t.Metrics.RowsOut += int64(len(rows))
	return o.scatter.push(rows, o.parts)
}

// Finish implements Done.
func (o *mapOutput[T]) Finish() (Answer, error) {
	if err := o.scatter.flush(); err != nil {
		o.Abort()
		return Answer{}, err
	}
	o.scatter.free()
	o.held.release()
	sizes, err := o.writer.Commit()
	for _, n := range sizes {
		o.t.Metrics.ShuffleWritten += n
	}
	return Answer{Sizes: sizes}, err
}

// Abort implements Done.
func (o *mapOutput[T]) Abort() {
	o.scatter.free()
	o.held.release()
	o.writer.Discard()
}

// partWrite is the map output of pairs.
type partWrite[K comparable, V any] struct {
	mapOutput[KV[K, V]]
	router *router
}

func openPartWrite[K comparable, V any](t *Task, route Route[K]) (*partWrite[K, V], error) {
	r, err := newRouter(t, route)
	if err != nil {
		return nil, err
	}
	o, err := openMapOutput[KV[K, V]](t, r.n)
	if err != nil {
		return nil, err
	}
	return &partWrite[K, V]{*o, r}, nil
}

func (w *partWrite[K, V]) write(rows []KV[K, V], hashes []uint64) error {
	w.parts = room(w.parts, len(rows))
	w.router.parts(firstAt(rows), len(rows), unsafe.Sizeof(KV[K, V]{}), hashes, w.parts)
	return w.push(rows)
}

// PartitionWrite writes pairs to the reduce partitions of their keys, in the order in which they come.
type PartitionWrite[K comparable, V any] struct{ Route Route[K] }

// Open implements Output.
func (o *PartitionWrite[K, V]) Open(t *Task) (any, Done, error) {
	k, err := key.Of(reflect.TypeFor[K]())
	if err != nil {
		return nil, nil, err
	}
	w, err := openPartWrite[K, V](t, o.Route)
	if err != nil {
		return nil, nil, err
	}
	s := &partitionSink[K, V]{partWrite: *w, key: k}
	return s, s, nil
}

type partitionSink[K comparable, V any] struct {
	partWrite[K, V]
	key    *key.Key
	hashes []uint64
}

// Push implements Sink.
func (s *partitionSink[K, V]) Push(rows []KV[K, V]) error {
	if err := s.t.Err(); err != nil {
		return err
	}
	if s.router.ranges == nil {
		s.hashes = room(s.hashes, len(rows))
		s.key.Hash(firstAt(rows), len(rows), int(unsafe.Sizeof(KV[K, V]{})), s.hashes)
	}
	return s.write(rows, s.hashes)
}

// ScatterWrite deals rows out to all reduce partitions (0: as many as the shuffle has) in turn. A task begins at a partition that depends on Seed and its own
// partition only, so that the same rows go the same way when the task runs again.
type ScatterWrite[T any] struct {
	Reduces int
	Seed    uint64
}

// Open implements Output.
func (o *ScatterWrite[T]) Open(t *Task) (any, Done, error) {
	reduces := o.Reduces
	if reduces == 0 {
		reduces = t.Stage.Reduces
	}
	out, err := openMapOutput[T](t, reduces)
	if err != nil {
		return nil, nil, err
	}
	start := key.Partition((o.Seed+uint64(t.Part)+1)*scramble, reduces)
	s := &dealSink[T]{*out, start, reduces}
	return s, s, nil
}

type dealSink[T any] struct {
	mapOutput[T]
	next, parts int
}

// Push implements Sink.
func (s *dealSink[T]) Push(rows []T) error {
	if err := s.t.Err(); err != nil {
		return err
	}
	out := room(s.mapOutput.parts, len(rows))
	for i := range out {
		out[i] = int32(s.next)
		if s.next++; s.next == s.parts {
			s.next = 0
		}
	}
	s.mapOutput.parts = out
	return s.push(rows)
}

// RangeWrite writes rows to the reduce partitions of ranges of Key, as Route does with Bounds.
type RangeWrite[T any, K comparable] struct {
	Key        func(T) K
	Bounds     []K
	Descending bool
}

// Open implements Output.
func (o *RangeWrite[T, K]) Open(t *Task) (any, Done, error) {
	r, err := newRouter(t, Route[K]{N: t.Stage.Reduces, Bounds: o.Bounds, Ranged: true, Descending: o.Descending})
	if err != nil {
		return nil, nil, err
	}
	out, err := openMapOutput[T](t, r.n)
	if err != nil {
		return nil, nil, err
	}
	s := &rangeSink[T, K]{mapOutput: *out, router: r, key: o.Key}
	return s, s, nil
}

type rangeSink[T any, K comparable] struct {
	mapOutput[T]
	router *router
	key    func(T) K
	keys   []K
}

// Push implements Sink.
func (s *rangeSink[T, K]) Push(rows []T) error {
	if err := s.t.Err(); err != nil {
		return err
	}
	s.keys, s.parts = room(s.keys, len(rows)), room(s.parts, len(rows))
	f := s.key
	for i := range rows {
		s.keys[i] = f(rows[i])
	}
	s.router.parts(firstAt(s.keys), len(rows), unsafe.Sizeof(*new(K)), nil, s.parts)
	return s.push(rows)
}

// RangeWriteFunc is RangeWrite by a comparison: Bounds ascend by it.
type RangeWriteFunc[T any] struct {
	Compare    func(a, b T) int
	Descending bool // turn Compare around
	Bounds     []T
}

// Open implements Output.
func (o *RangeWriteFunc[T]) Open(t *Task) (any, Done, error) {
	if len(o.Bounds) >= t.Stage.Reduces {
		return nil, nil, fmt.Errorf("%d bounds make more ranges than %d partitions", len(o.Bounds), t.Stage.Reduces)
	}
	out, err := openMapOutput[T](t, t.Stage.Reduces)
	if err != nil {
		return nil, nil, err
	}
	s := &rangeFuncSink[T]{*out, turned(o.Compare, o.Descending), o.Bounds}
	return s, s, nil
}

type rangeFuncSink[T any] struct {
	mapOutput[T]
	compare func(a, b T) int
	bounds  []T
}

// Push implements Sink.
func (s *rangeFuncSink[T]) Push(rows []T) error {
	if err := s.t.Err(); err != nil {
		return err
	}
	s.parts = room(s.parts, len(rows))
	for i := range rows {
		at, _ := slices.BinarySearchFunc(s.bounds, rows[i], s.compare)
		s.parts[i] = int32(at)
	}
	return s.push(rows)
}
