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
func (o *SortRows[T, K]) Wire(t *Task, down *Sink) (*Sink, error) {
	by, err := orderOf(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	key, keys := o.Key, keysBy(o.Key)
	s := &sorter{t: t, descending: o.Descending}
	s.prefix = func(rows unsafe.Pointer, n int, out []uint64) {
		by.prefix(keys(rows, n), n, int(unsafe.Sizeof(*new(K))), out)
	}
	if !by.exact {
		pair := new([2]K) // compared through pointers, which must not cost an allocation each time
		s.tie = func(a, b unsafe.Pointer) int {
			pair[0], pair[1] = key(*(*T)(a)), key(*(*T)(b))
			return by.compare(unsafe.Pointer(&pair[0]), unsafe.Pointer(&pair[1]))
		}
	}
	return wireSorter(s, TypeOf[T](), down)
}

// SortPairs gives pairs in order of their keys; pairs with equal keys keep their order.
type SortPairs[K comparable, V any] struct{ Descending bool }

// Wire implements Transform.
func (o *SortPairs[K, V]) Wire(t *Task, down *Sink) (*Sink, error) {
	by, err := orderOf(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	s := &sorter{t: t, descending: o.Descending}
	stride := int(unsafe.Sizeof(KV[K, V]{}))
	s.prefix = func(rows unsafe.Pointer, n int, out []uint64) { by.prefix(rows, n, stride, out) }
	if !by.exact {
		s.tie = by.compare // rows begin with their keys
	}
	return wireSorter(s, TypeOf[KV[K, V]](), down)
}

// SortFunc gives the rows of its input in the order of Compare; rows that it calls equal keep their order.
type SortFunc[T any] struct {
	Compare    func(a, b T) int
	Descending bool // turn Compare around
}

// Wire implements Transform.
func (o *SortFunc[T]) Wire(t *Task, down *Sink) (*Sink, error) {
	compare := turned(o.Compare, o.Descending)
	s := &sorter{t: t, tie: func(a, b unsafe.Pointer) int { return compare(*(*T)(a), *(*T)(b)) }}
	return wireSorter(s, TypeOf[T](), down)
}

func wireSorter(s *sorter, rows RowType, down *Sink) (*Sink, error) {
	l, next, err := wire(rows, down)
	s.next, s.held, s.rows = next, holdFor(s.t), pieces{layout: l}
	return &Sink{rows: Reflect(rows), push: s.push, end: s.end}, err
}

// sorter holds rows until its input ends and gives them in order. When memory is refused it sorts what it has, spills it as a run,
// and in the end merges the runs. Rows are ordered by a prefix of their key and, where prefixes tie, by tie.
type sorter struct {
	t          *Task
	held       *held
	next       pushFunc
	prefix     func(rows unsafe.Pointer, n int, out []uint64) // nil: all prefixes are equal
	tie        func(a, b unsafe.Pointer) int                  // nil: prefixes say everything
	descending bool

	rows     pieces
	refs     int64 // bytes that rows refer to
	prefixes []uint64
	runs     *sortedRuns // nil until memory was refused
}

// mostRanked is how many rows are sorted in memory at once: their numbers are 32 bits.
const mostRanked = 1 << 30

func (s *sorter) push(rows unsafe.Pointer, n int) error {
	if err := s.t.Err(); err != nil {
		return err
	}
	refs := s.rows.refs(rows, n)
	if have := s.rows.n; have > 0 && (!s.held.want(s.weight(n)+refs) || have+n > mostRanked) {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.rows.add(rows, n, s.rows.size)
	s.refs += refs
	if s.prefix != nil {
		at := len(s.prefixes)
		s.prefixes = slices.Grow(s.prefixes, n)[:at+n]
		s.rank(rows, n, s.prefixes[at:])
	}
	return nil
}

// weight counts for each row its prefix and two ranks: one of them is the room to sort in.
func (s *sorter) weight(n int) int64 {
	n += s.rows.n
	return s.rows.bytes(n) + int64(n)*(8+2*int64(unsafe.Sizeof(ranked{}))) + s.refs
}

// rank gives the prefixes of rows, turned around for a descending order.
func (s *sorter) rank(rows unsafe.Pointer, n int, out []uint64) {
	if s.prefix == nil {
		clear(out)
		return
	}
	s.prefix(rows, n, out)
	if s.descending {
		for i := range out {
			out[i] = ^out[i]
		}
	}
}

// compare orders two rows whose prefixes tie.
func (s *sorter) compare(a, b unsafe.Pointer) int {
	if s.descending {
		return s.tie(b, a)
	}
	return s.tie(a, b)
}

// ranks gives the rows in memory in order.
func (s *sorter) ranks() []ranked {
	all := make([]ranked, s.rows.n)
	for i := range all {
		all[i].row = uint32(i)
	}
	if s.prefix != nil {
		for i, p := range s.prefixes {
			all[i].prefix = p
		}
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
				if c := s.compare(s.rows.at(int(a.row)), s.rows.at(int(b.row))); c != 0 {
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
func (s *sorter) inOrder(size int, do pushFunc) error {
	batch := rowBuffer{layout: s.rows.layout}
	for ranks := s.ranks(); len(ranks) > 0; {
		if err := s.t.Err(); err != nil {
			return err
		}
		n := min(size, len(ranks))
		batch.set(n)
		batch.pick(batch.base, s.rows.list, ranks[:n])
		if err := do(batch.base, n); err != nil {
			return err
		}
		ranks = ranks[n:]
	}
	return nil
}

// spill writes the rows in memory as a run.
func (s *sorter) spill() error {
	if s.runs == nil {
		s.runs = newSortedRuns(s)
	}
	s.t.Metrics.SpilledMemory += s.weight(0)
	s.runs.begin()
	err := s.inOrder(blockRows(s.rows.bytes(s.rows.n)+s.refs, s.rows.n), s.runs.append)
	s.clear()
	s.held.release()
	return err
}

func (s *sorter) clear() {
	s.rows.clear()
	s.prefixes, s.refs = nil, 0
}

func (s *sorter) end() error {
	defer s.held.release()
	defer s.clear()
	if s.runs == nil {
		return s.inOrder(batchOf(s.rows.size), s.next)
	}
	defer s.runs.close()
	if s.rows.n > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	return s.runs.merge(s.next)
}
