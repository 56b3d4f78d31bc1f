package op

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/key"
)

// mapOutput is the output of a task that writes rows for reduce partitions.
type mapOutput struct {
	t       *Task
	held    *held
	writer  ShuffleWriter
	scatter *scatter
	parts   []int32
	digest  digest
}

func openMapOutput(t *Task, l *layout, parts int) (*mapOutput, error) {
	if parts <= 0 {
		return nil, fmt.Errorf("a shuffle needs at least one partition, not %d", parts)
	}
	w, err := t.Host.ShuffleWriter(t)
	if err != nil {
		return nil, err
	}
	h := holdFor(t)
	return &mapOutput{t: t, held: h, writer: w, scatter: newScatter(t, h, l, w, parts)}, nil
}

// openMapOutputOf is openMapOutput for rows of a type.
func openMapOutputOf(rows RowType, t *Task, parts int) (*mapOutput, error) {
	l, err := layoutFor(Reflect(rows))
	if err != nil {
		return nil, err
	}
	return openMapOutput(t, l, parts)
}

// push sends rows to the partitions in o.parts.
func (o *mapOutput) push(rows unsafe.Pointer, n int) error {
	o.t.Metrics.RowsOut += int64(n)
	return o.scatter.push(rows, n, o.parts)
}

// Finish implements Done.
func (o *mapOutput) Finish() (Answer, error) {
	if err := o.scatter.flush(); err != nil {
		o.Abort()
		return Answer{}, err
	}
	o.scatter.free()
	o.held.release()
	sizes, digest, err := o.writer.Commit(o.digest.value())
	for _, n := range sizes {
		o.t.Metrics.ShuffleWritten += n
	}
	return Answer{Sizes: sizes, Digest: digest}, err
}

// Abort implements Done.
func (o *mapOutput) Abort() {
	o.scatter.free()
	o.held.release()
	o.writer.Discard()
}

// partWrite is map output of rows that begin with their keys, or of rows whose keys lie elsewhere.
type partWrite struct {
	*mapOutput
	router *router
}

// write sends rows that begin with their keys; hashes are those of the keys.
func (w *partWrite) write(rows unsafe.Pointer, n int, hashes []uint64) error {
	w.parts = room(w.parts, n)
	w.router.parts(rows, n, w.scatter.rows.size, hashes, w.parts)
	return w.push(rows, n)
}

// PartitionWrite writes pairs to the reduce partitions of their keys, in the order in which they come.
type PartitionWrite[K comparable] struct {
	Rows  RowType `kiln:"op"` // of KV[K, V]
	Route Route[K]
}

// Open implements Output.
func (o *PartitionWrite[K]) Open(t *Task) (*Sink, Done, error) {
	k, err := key.Of(reflect.TypeFor[K]())
	if err != nil {
		return nil, nil, err
	}
	r, err := newRouter(t, o.Route)
	if err != nil {
		return nil, nil, err
	}
	out, err := openMapOutputOf(o.Rows, t, r.n)
	if err != nil {
		return nil, nil, err
	}
	s := &partitioner{partWrite: partWrite{out, r}, key: k}
	if out.digest, err = newDigest(t, Reflect(o.Rows), r.ranges == nil); err != nil {
		return nil, nil, err
	}
	return &Sink{rows: Reflect(o.Rows), push: s.push}, out, nil
}

type partitioner struct {
	partWrite
	key    *key.Key
	hashes []uint64
}

func (s *partitioner) push(rows unsafe.Pointer, n int) error {
	if err := s.t.Err(); err != nil {
		return err
	}
	if s.router.ranges == nil {
		s.hashes = room(s.hashes, n)
		s.key.Hash(rows, n, int(s.scatter.rows.size), s.hashes)
	}
	if err := s.digest.add(rows, n, s.hashes, nil); err != nil {
		return err
	}
	return s.write(rows, n, s.hashes)
}

// ScatterWrite deals rows out to all reduce partitions (0: as many as the shuffle has) in turn. A task begins at a partition that depends on Seed and its own
// partition only, so that the same rows go the same way when the task runs again.
type ScatterWrite struct {
	Rows    RowType `kiln:"op"`
	Reduces int
	Seed    uint64
}

// Open implements Output.
func (o *ScatterWrite) Open(t *Task) (*Sink, Done, error) {
	reduces := o.Reduces
	if reduces == 0 {
		reduces = t.Stage.Reduces
	}
	out, err := openMapOutputOf(o.Rows, t, reduces)
	if err != nil {
		return nil, nil, err
	}
	if out.digest, err = newDigest(t, Reflect(o.Rows), false); err != nil {
		return nil, nil, err
	}
	s := &dealer{out, key.Partition((o.Seed+uint64(t.Part)+1)*scramble, reduces), reduces}
	return &Sink{rows: Reflect(o.Rows), push: s.push}, out, nil
}

type dealer struct {
	out         *mapOutput
	next, parts int
}

func (s *dealer) push(rows unsafe.Pointer, n int) error {
	if err := s.out.t.Err(); err != nil {
		return err
	}
	s.out.parts = room(s.out.parts, n)
	for i := range s.out.parts {
		s.out.parts[i] = int32(s.next)
		if s.next++; s.next == s.parts {
			s.next = 0
		}
	}
	// Which row goes where depends on their order: rows that are dealt out otherwise are not the same output.
	if err := s.out.digest.add(rows, n, nil, s.out.parts); err != nil {
		return err
	}
	return s.out.push(rows, n)
}

// RangeWrite writes rows to the reduce partitions of ranges of Key, as Route does with Bounds.
type RangeWrite[T any, K comparable] struct {
	Key        func(T) K
	Bounds     []K
	Descending bool
}

// Open implements Output.
func (o *RangeWrite[T, K]) Open(t *Task) (*Sink, Done, error) {
	r, err := newRouter(t, Route[K]{N: t.Stage.Reduces, Bounds: o.Bounds, Ranged: true, Descending: o.Descending})
	if err != nil {
		return nil, nil, err
	}
	out, err := openMapOutputOf(TypeOf[T](), t, r.n)
	if err != nil {
		return nil, nil, err
	}
	if out.digest, err = newDigest(t, Reflect(TypeOf[T]()), false); err != nil {
		return nil, nil, err
	}
	keys := keysBy(o.Key)
	return &Sink{rows: Reflect(TypeOf[T]()), push: func(rows unsafe.Pointer, n int) error {
		if err := t.Err(); err != nil {
			return err
		}
		out.parts = room(out.parts, n)
		r.parts(keys(rows, n), n, unsafe.Sizeof(*new(K)), nil, out.parts)
		if err := out.digest.add(rows, n, nil, nil); err != nil {
			return err
		}
		return out.push(rows, n)
	}}, out, nil
}

// keysBy gives the keys of a batch of rows, side by side. They are valid until the next call.
func keysBy[T, K any](key func(T) K) func(rows unsafe.Pointer, n int) unsafe.Pointer {
	var keys []K
	return func(rows unsafe.Pointer, n int) unsafe.Pointer {
		keys = room(keys, n)
		for i, row := range unsafe.Slice((*T)(rows), n) {
			keys[i] = key(row)
		}
		return firstAt(keys)
	}
}

// RangeWriteFunc is RangeWrite by a comparison: Bounds ascend by it.
type RangeWriteFunc[T any] struct {
	Compare    func(a, b T) int
	Descending bool // turn Compare around
	Bounds     []T
}

// Open implements Output.
func (o *RangeWriteFunc[T]) Open(t *Task) (*Sink, Done, error) {
	if len(o.Bounds) >= t.Stage.Reduces {
		return nil, nil, fmt.Errorf("%d bounds make more ranges than %d partitions", len(o.Bounds), t.Stage.Reduces)
	}
	out, err := openMapOutputOf(TypeOf[T](), t, t.Stage.Reduces)
	if err != nil {
		return nil, nil, err
	}
	if out.digest, err = newDigest(t, Reflect(TypeOf[T]()), false); err != nil {
		return nil, nil, err
	}
	bounds, compare := o.Bounds, turned(o.Compare, o.Descending)
	return &Sink{rows: Reflect(TypeOf[T]()), push: func(rows unsafe.Pointer, n int) error {
		if err := t.Err(); err != nil {
			return err
		}
		out.parts = room(out.parts, n)
		for i, row := range unsafe.Slice((*T)(rows), n) {
			at, _ := slices.BinarySearchFunc(bounds, row, compare)
			out.parts[i] = int32(at)
		}
		if err := out.digest.add(rows, n, nil, nil); err != nil {
			return err
		}
		return out.push(rows, n)
	}}, out, nil
}
