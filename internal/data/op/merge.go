package op

import "unsafe"

// MergeByKey brings the rows of each key together by F and gives one row per key when its input has ended. It is the reduce side of
// every combining write, and, on rows that are already partitioned by key, the whole of ReduceByKey.
type MergeByKey[K comparable, C any] struct{ F func(C, C) C }

// Wire implements Transform.
func (o *MergeByKey[K, C]) Wire(t *Task, down *Sink) (*Sink, error) {
	all, err := newTotals[K](t, TypeOf[KV[K, C]]())
	if err != nil {
		return nil, err
	}
	by := foldBy[K, C, C](nil, o.F)
	return wireMerge(all, all.rows, down, by, by)
}

// CombineByKey is CombineWrite and MergeByKey in one, for rows that are already partitioned by key. Combine brings two C of one key
// together, which happens only when memory was short.
type CombineByKey[K comparable, V, C any] struct {
	Create  func(V) C
	Merge   func(C, V) C
	Combine func(C, C) C
}

// Wire implements Transform.
func (o *CombineByKey[K, V, C]) Wire(t *Task, down *Sink) (*Sink, error) {
	return wireCombine[K](t, down, o.Create, o.Merge, o.Combine)
}

// AggregateByKey is CombineByKey that begins each key with a Zero of its own.
type AggregateByKey[K comparable, V, C any] struct {
	Zero  C
	Add   func(C, V) C
	Merge func(C, C) C
}

// Wire implements Transform.
func (o *AggregateByKey[K, V, C]) Wire(t *Task, down *Sink) (*Sink, error) {
	zero, err := zeros(o.Zero)
	if err != nil {
		return nil, err
	}
	add := o.Add
	return wireCombine[K](t, down, func(v V) C { return add(zero(), v) }, add, o.Merge)
}

func wireCombine[K comparable, V, C any](t *Task, down *Sink, create func(V) C, add func(C, V) C, merge func(C, C) C) (*Sink, error) {
	all, err := newTotals[K](t, TypeOf[KV[K, C]]())
	if err != nil {
		return nil, err
	}
	return wireMerge(all, TypeOf[KV[K, V]](), down, foldBy[K](create, add), foldBy[K, C, C](nil, merge))
}

// wireMerge takes rows of a type and folds them by one folder, and what was spilled by the other.
func wireMerge(all *totals, rows RowType, down *Sink, by, again folder) (*Sink, error) {
	next, err := down.taking(all.rows)
	s := &merger{totals: all, by: by, again: again, stride: Reflect(rows).Size(), next: next}
	return &Sink{rows: Reflect(rows), push: s.push, end: s.end}, err
}

// merger folds rows in a table. When memory is refused it sends the table's pairs to a spill and begins anew; at the end each part
// of the spill is merged alone.
type merger struct {
	totals *totals
	by     folder
	again  folder  // for pairs that were spilled
	stride uintptr // bytes of a row
	next   pushFunc
	depth  int
	spill  *spill
}

func (s *merger) push(rows unsafe.Pointer, n int) error {
	all := s.totals
	if err := all.t.Err(); err != nil {
		return err
	}
	all.hashes = all.table.hash(rows, n, s.stride, all.hashes)
	if !all.reserve(n, all.vals.n == 0) {
		if err := s.full(); err != nil {
			return err
		}
		all.reserve(n, true)
	}
	all.fold(rows, n, s.stride, s.by)
	return nil
}

// full makes room.
func (s *merger) full() error {
	if s.depth < deepest {
		return s.empty()
	}
	if weight := s.totals.weight(); weight > ungranted {
		return tooLarge("values brought together by key", weight)
	}
	return nil
}

// empty sends the table's pairs to the spill.
func (s *merger) empty() error {
	if s.spill == nil {
		s.spill = newSpill(s.totals.t, s.totals.pair.row, s.depth)
	}
	s.totals.t.Metrics.SpilledMemory += s.totals.weight()
	err := s.totals.each(s.spill.pushHashed)
	s.totals.clear()
	return err
}

func (s *merger) end() error {
	defer s.totals.drop()
	if s.spill == nil {
		return s.totals.each(func(rows unsafe.Pointer, n int, _ []uint64) error { return s.next(rows, n) })
	}
	defer s.spill.file.close()
	if err := s.empty(); err != nil {
		return err
	}
	if err := s.spill.seal(); err != nil {
		return err
	}
	s.totals.drop()
	for part := range spillParts {
		all := s.totals
		sub := &merger{
			totals: totalsOver(all.t, all.held, all.table.fresh(), all.rows, all.pair),
			by:     s.again, again: s.again, stride: all.pair.row.size, next: s.next, depth: s.depth + 1,
		}
		if err := s.spill.each(part, sub.push); err != nil {
			return err
		}
		if err := sub.end(); err != nil {
			return err
		}
	}
	return nil
}
