package op

import (
	"cmp"
	"reflect"
	"slices"
	"unsafe"
)

// SortRows gives the rows of its input in order of Key, as cmp.Compare orders keys; rows with equal keys keep their order.
type SortRows[T any, K comparable] struct {
	Key        func(T) K
	Descending bool
}

// Wire implements Transform.
func (o *SortRows[T, K]) Wire(t *Task, down any) (any, error) {
	by, err := orderOf(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	f := o.Key
	s, err := newSorter[T](t, down)
	if err != nil {
		return nil, err
	}
	var keys []K
	s.descending = o.Descending
	s.prefix = func(rows []T, out []uint64) {
		keys = room(keys, len(rows))
		for i := range rows {
			keys[i] = f(rows[i])
		}
		by.prefix(firstAt(keys), len(keys), int(unsafe.Sizeof(*new(K))), out)
	}
	if !by.exact {
		pair := new([2]K) // compared through pointers, which must not cost an allocation each time
		s.tie = func(a, b *T) int {
			pair[0], pair[1] = f(*a), f(*b)
			return by.compare(unsafe.Pointer(&pair[0]), unsafe.Pointer(&pair[1]))
		}
	}
	return s, nil
}

// SortPairs gives pairs in order of their keys; pairs with equal keys keep their order.
type SortPairs[K comparable, V any] struct{ Descending bool }

// Wire implements Transform.
func (o *SortPairs[K, V]) Wire(t *Task, down any) (any, error) {
	by, err := orderOf(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	s, err := newSorter[KV[K, V]](t, down)
	if err != nil {
		return nil, err
	}
	s.descending = o.Descending
	s.prefix = func(rows []KV[K, V], out []uint64) {
		by.prefix(firstAt(rows), len(rows), int(unsafe.Sizeof(KV[K, V]{})), out)
	}
	if !by.exact {
		s.tie = func(a, b *KV[K, V]) int { return by.compare(unsafe.Pointer(&a.Key), unsafe.Pointer(&b.Key)) }
	}
	return s, nil
}

// SortFunc gives the rows of its input in the order of Compare; rows that it calls equal keep their order.
type SortFunc[T any] struct {
	Compare    func(a, b T) int
	Descending bool // turn Compare around
}

// Wire implements Transform.
func (o *SortFunc[T]) Wire(t *Task, down any) (any, error) {
	s, err := newSorter[T](t, down)
	if err != nil {
		return nil, err
	}
	compare := turned(o.Compare, o.Descending)
	s.tie = func(a, b *T) int { return compare(*a, *b) }
	return s, nil
}

// sorter holds rows until its input ends and gives them in order. When memory is refused it sorts what it has, spills it as a run,
// and in the end merges the runs. Rows are ordered by a prefix of their key and, where prefixes tie, by tie.
type sorter[T any] struct {
	t          *Task
	held       *held
	next       Sink[T]
	prefix     func(rows []T, out []uint64) // nil: all prefixes are equal
	tie        func(a, b *T) int            // nil: prefixes say everything
	descending bool

	rows     column[T] // its slots are not used
	prefixes pieces[uint64]
	scratch  []uint64
	batch    []T
	runs     *sortedRuns[T] // nil until memory was refused
}

func newSorter[T any](t *Task, down any) (*sorter[T], error) {
	next, err := sinkOf[T](down)
	if err != nil {
		return nil, err
	}
	rows, err := newColumn[T]()
	if err != nil {
		return nil, err
	}
	return &sorter[T]{t: t, held: holdFor(t), next: next, rows: *rows}, nil
}

// mostRanked is how many rows are sorted in memory at once: their numbers are 32 bits.
const mostRanked = 1 << 30

// Push implements Sink.
func (s *sorter[T]) Push(rows []T) error {
	if err := s.t.Err(); err != nil || len(rows) == 0 {
		return err
	}
	if n := s.rows.vals.n; n > 0 && (!s.held.want(s.weight(len(rows))) || n+len(rows) > mostRanked) {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.rows.vals.add(rows)
	if !s.rows.flat {
		s.rows.bytes += s.rows.codec.Footprint(firstAt(rows), len(rows))
	}
	if s.prefix != nil {
		s.scratch = room(s.scratch, len(rows))
		s.rank(rows, s.scratch)
		s.prefixes.add(s.scratch)
	}
	return nil
}

// weight counts for each row its prefix and two ranks: one of them is the room to sort in.
func (s *sorter[T]) weight(n int) int64 {
	return int64(s.rows.vals.n+n)*(int64(unsafe.Sizeof(*new(T)))+8+2*int64(unsafe.Sizeof(ranked{}))) + s.rows.bytes
}

// rank gives the prefixes of rows, turned around for a descending order.
func (s *sorter[T]) rank(rows []T, out []uint64) {
	if s.prefix == nil {
		clear(out)
		return
	}
	s.prefix(rows, out)
	if s.descending {
		for i := range out {
			out[i] = ^out[i]
		}
	}
}

// compare orders two rows whose prefixes tie.
func (s *sorter[T]) compare(a, b *T) int {
	if s.descending {
		return s.tie(b, a)
	}
	return s.tie(a, b)
}

// ranks gives the rows in memory in order.
func (s *sorter[T]) ranks() []ranked {
	all := make([]ranked, s.rows.vals.n)
	for p, piece := range s.prefixes.list {
		for i, prefix := range piece {
			all[p<<pieceBits+i].prefix = prefix
		}
	}
	for i := range all {
		all[i].row = uint32(i)
	}
	if s.prefix != nil {
		sortRanked(all, make([]ranked, len(all)))
	}
	if s.tie == nil {
		return all
	}
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].prefix == all[from].prefix {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(all[from:to], func(a, b ranked) int {
				if c := s.compare(s.rows.vals.at(int(a.row)), s.rows.vals.at(int(b.row))); c != 0 {
					return c
				}
				return cmp.Compare(a.row, b.row)
			})
		}
		from = to
	}
	return all
}

// inOrder gives the rows in memory in order, size at a time. The batch is reused.
func (s *sorter[T]) inOrder(size int, do func(rows []T) error) error {
	for ranks := s.ranks(); len(ranks) > 0; {
		if err := s.t.Err(); err != nil {
			return err
		}
		n := min(size, len(ranks))
		s.batch = room(s.batch, n)
		for i, r := range ranks[:n] {
			s.batch[i] = *s.rows.vals.at(int(r.row))
		}
		if err := do(s.batch); err != nil {
			return err
		}
		ranks = ranks[n:]
	}
	return nil
}

// spill writes the rows in memory as a run.
func (s *sorter[T]) spill() error {
	if s.runs == nil {
		s.runs = newSortedRuns(s)
	}
	s.t.Metrics.SpilledMemory += s.weight(0)
	s.runs.begin()
	each := max(1, (int64(s.rows.vals.n)*int64(unsafe.Sizeof(*new(T)))+s.rows.bytes)/int64(s.rows.vals.n))
	err := s.inOrder(int(min(max(blockBytes/each, 1), 4*BatchRows)), s.runs.append)
	s.clear()
	s.held.release()
	return err
}

func (s *sorter[T]) clear() {
	s.rows.clear()
	s.prefixes.clear()
	s.batch = nil
}

// End implements Ender.
func (s *sorter[T]) End() error {
	defer s.held.release()
	defer s.clear()
	if s.runs == nil {
		return s.inOrder(batchOf(unsafe.Sizeof(*new(T))), s.next.Push)
	}
	defer s.runs.close()
	if s.rows.vals.n > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	return s.runs.merge(s.next.Push)
}
