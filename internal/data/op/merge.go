package op

import "unsafe"

// MergeByKey brings the rows of each key together by F and gives one row per key when its input has ended. It is the reduce side of
// every combining write, and, on rows that are already partitioned by key, the whole of ReduceByKey.
type MergeByKey[K comparable, C any] struct{ F func(C, C) C }

// Wire implements Transform.
func (o *MergeByKey[K, C]) Wire(t *Task, down any) (any, error) {
	return wireMerge[K](t, down, nil, o.F, o.F)
}

// CombineByKey is CombineWrite and MergeByKey in one, for rows that are already partitioned by key. Combine brings two C of one key
// together, which happens only when memory was short.
type CombineByKey[K comparable, V, C any] struct {
	Create  func(V) C
	Merge   func(C, V) C
	Combine func(C, C) C
}

// Wire implements Transform.
func (o *CombineByKey[K, V, C]) Wire(t *Task, down any) (any, error) {
	return wireMerge[K](t, down, o.Create, o.Merge, o.Combine)
}

// AggregateByKey is CombineByKey that begins each key with a Zero of its own.
type AggregateByKey[K comparable, V, C any] struct {
	Zero  C
	Add   func(C, V) C
	Merge func(C, C) C
}

// Wire implements Transform.
func (o *AggregateByKey[K, V, C]) Wire(t *Task, down any) (any, error) {
	zero, err := zeros(o.Zero)
	if err != nil {
		return nil, err
	}
	add := o.Add
	return wireMerge[K](t, down, func(v V) C { return add(zero(), v) }, add, o.Merge)
}

func wireMerge[K comparable, V, C any](t *Task, down any, create func(V) C, add func(C, V) C, merge func(C, C) C) (any, error) {
	next, err := sinkOf[KV[K, C]](down)
	if err != nil {
		return nil, err
	}
	return newMergeSink(merger[K, C]{t, holdFor(t), merge, next}, create, add, 0)
}

// merger is what all depths of one merge share.
type merger[K comparable, C any] struct {
	t     *Task
	held  *held
	merge func(C, C) C
	next  Sink[KV[K, C]]
}

// mergeSink folds rows in a table. When memory is refused it sends the table's pairs to a spill and begins anew; at the end each
// part of the spill is merged alone.
type mergeSink[K comparable, V, C any] struct {
	folder[K, V, C]
	merger[K, C]
	depth int
	spill *spill[KV[K, C]]
}

func newMergeSink[K comparable, V, C any](m merger[K, C], create func(V) C, add func(C, V) C, depth int) (*mergeSink[K, V, C], error) {
	totals, err := newTotals[K, C](m.t, m.held)
	return &mergeSink[K, V, C]{folder: folder[K, V, C]{totals, create, add}, merger: m, depth: depth}, err
}

// Push implements Sink.
func (s *mergeSink[K, V, C]) Push(rows []KV[K, V]) error {
	n := len(rows)
	t := s.merger.t
	if err := t.Err(); err != nil || n == 0 {
		return err
	}
	s.hashes = s.table.hash(firstAt(rows), n, unsafe.Sizeof(rows[0]), s.hashes)
	if !s.reserve(n, len(s.vals) == 0) {
		if err := s.full(); err != nil {
			return err
		}
		s.reserve(n, true)
	}
	s.fold(rows)
	return nil
}

// full makes room.
func (s *mergeSink[K, V, C]) full() error {
	if s.depth < deepest {
		return s.empty()
	}
	if s.weight() > ungranted {
		return tooLarge("values brought together by key", s.weight())
	}
	return nil
}

// empty sends the table's pairs to the spill.
func (s *mergeSink[K, V, C]) empty() (err error) {
	if s.spill == nil {
		if s.spill, err = newSpill[KV[K, C]](s.merger.t, s.depth); err != nil {
			return err
		}
	}
	s.merger.t.Metrics.SpilledMemory += s.weight()
	err = s.each(s.spill.pushHashed)
	s.clear()
	return err
}

// End implements Ender.
func (s *mergeSink[K, V, C]) End() error {
	defer s.drop()
	if s.spill == nil {
		return s.each(func(rows []KV[K, C], _ []uint64) error { return s.next.Push(rows) })
	}
	if err := s.empty(); err != nil {
		return err
	}
	s.drop()
	return s.merger.drain(s.spill, s.depth+1)
}

// drain merges each part of a spill.
func (m merger[K, C]) drain(from *spill[KV[K, C]], depth int) error {
	defer from.file.close()
	if err := from.seal(); err != nil {
		return err
	}
	for part := range spillParts {
		s, err := newMergeSink[K](m, nil, m.merge, depth)
		if err != nil {
			return err
		}
		if err := from.each(part, s.Push); err != nil {
			return err
		}
		if err := s.End(); err != nil {
			return err
		}
	}
	return nil
}
