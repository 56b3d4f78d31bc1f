package op

import "unsafe"

// GroupByKey gives each key with all its values, in order of arrival as long as memory suffices, when its input has ended.
type GroupByKey[K comparable, V any] struct{}

// Wire implements Transform.
func (o *GroupByKey[K, V]) Wire(t *Task, down any) (any, error) {
	next, err := sinkOf[KV[K, []V]](down)
	if err != nil {
		return nil, err
	}
	g, err := newGroups[K](t, holdFor(t), 0, newSide[K, V])
	if err != nil {
		return nil, err
	}
	return &groupSink[K, V]{sideSink: sinkFor[K, V](g, 0), next: next}, nil
}

type groupSink[K comparable, V any] struct {
	*sideSink[K, V]
	next Sink[KV[K, []V]]
	out  []KV[K, []V]
}

// End implements Ender.
func (s *groupSink[K, V]) End() error {
	return s.groups.finish(func(g *groups[K]) error {
		offsets, vals := g.sides[0].(*side[K, V]).sorted(len(g.table.keys))
		return g.batches(unsafe.Sizeof(KV[K, []V]{}), func(from, to int) error {
			s.out = room(s.out, to-from)
			for i := range s.out {
				lo, hi := offsets[from+i], offsets[from+i+1]
				s.out[i] = KV[K, []V]{g.table.keys[from+i], vals[lo:hi:hi]}
			}
			return s.next.Push(s.out)
		})
	})
}

// groups brings all values of each key together, from one or several inputs (sides) over one table of keys. When memory is refused
// all sides go to spills, by the same bits of the hash, and at the end each part is grouped alone.
type groups[K comparable] struct {
	t     *Task
	held  *held
	depth int
	table *table[K]
	sides []valueSide[K]
	make  []func(*Task) (valueSide[K], error)

	spilled bool
	hashes  []uint64
	slots   []int32
}

// valueSide is one input of a grouping: side[K, V] for some V.
type valueSide[K comparable] interface {
	// weight is what the side holds when n more values come.
	weight(n int) int64
	// dump sends what the side holds to its spill and forgets it.
	dump(t *table[K], depth int) error
	// seal ends the side's spill; replay pushes a part of it into the same side of another grouping, and close removes it.
	seal() error
	replay(part int, into *groups[K], side int) error
	close()
}

func newGroups[K comparable](t *Task, h *held, depth int, make ...func(*Task) (valueSide[K], error)) (*groups[K], error) {
	table, err := newTable[K]()
	if err != nil {
		return nil, err
	}
	g := &groups[K]{t: t, held: h, depth: depth, table: table, make: make}
	for _, f := range make {
		s, err := f(t)
		if err != nil {
			return nil, err
		}
		g.sides = append(g.sides, s)
	}
	return g, nil
}

// find makes room for n rows of a side and gives the slots of their keys.
func (g *groups[K]) find(base unsafe.Pointer, n int, stride uintptr, side int) ([]int32, error) {
	if err := g.t.Err(); err != nil {
		return nil, err
	}
	g.hashes = g.table.hash(base, n, stride, g.hashes)
	keys, weight := g.weight(n, side)
	if !g.held.want(weight) && len(g.table.keys) > 0 {
		if err := g.full(weight); err != nil {
			return nil, err
		}
		keys, weight = g.weight(n, side)
		g.held.want(weight)
	}
	g.table.grow(keys)
	g.slots = room(g.slots, n)
	g.table.find(base, stride, g.hashes, g.slots)
	return g.slots, nil
}

func (g *groups[K]) weight(n, side int) (keys int, weight int64) {
	keys, weight = g.table.grown(n)
	for i, s := range g.sides {
		if i == side {
			weight += s.weight(n)
		} else {
			weight += s.weight(0)
		}
	}
	return keys, weight
}

// full makes room. One key whose values do not fit alone cannot be split: as long as they are few, the grouping goes on without
// a grant.
func (g *groups[K]) full(weight int64) error {
	if g.depth < deepest && (g.depth == 0 || len(g.table.keys) > 1) {
		return g.empty()
	}
	if weight > ungranted {
		return tooLarge("the values of one key", weight)
	}
	return nil
}

// empty sends all sides to their spills.
func (g *groups[K]) empty() error {
	_, weight := g.weight(0, 0)
	g.spilled = true
	g.t.Metrics.SpilledMemory += weight
	for _, s := range g.sides {
		if err := s.dump(g.table, g.depth); err != nil {
			return err
		}
	}
	g.table.clear()
	return nil
}

// finish gives all groups: do is called once for what was grouped in memory, or for each part of the spills.
func (g *groups[K]) finish(do func(g *groups[K]) error) error {
	defer g.drop()
	if !g.spilled {
		if len(g.table.keys) == 0 {
			return nil
		}
		return do(g)
	}
	if err := g.empty(); err != nil {
		return err
	}
	for _, s := range g.sides {
		defer s.close()
		if err := s.seal(); err != nil {
			return err
		}
	}
	g.drop()
	for part := range spillParts {
		sub, err := newGroups(g.t, g.held, g.depth+1, g.make...)
		if err != nil {
			return err
		}
		for i, s := range g.sides {
			if err := s.replay(part, sub, i); err != nil {
				return err
			}
		}
		if err := sub.finish(do); err != nil {
			return err
		}
	}
	return nil
}

// batches calls do for runs of slots that make one batch of rows.
func (g *groups[K]) batches(rowBytes uintptr, do func(from, to int) error) error {
	size, n := batchOf(rowBytes), len(g.table.keys)
	for from := 0; from < n; from += size {
		if err := g.t.Err(); err != nil {
			return err
		}
		if err := do(from, min(from+size, n)); err != nil {
			return err
		}
	}
	return nil
}

func (g *groups[K]) drop() {
	g.table.drop()
	g.held.release()
}

// side is the values of one input.
type side[K comparable, V any] struct {
	column[V]
	t     *Task
	spill *spill[KV[K, V]]
}

func newSide[K comparable, V any](t *Task) (valueSide[K], error) {
	c, err := newColumn[V]()
	if err != nil {
		return nil, err
	}
	return &side[K, V]{column: *c, t: t}, nil
}

func (s *side[K, V]) dump(t *table[K], depth int) (err error) {
	if s.spill == nil {
		if s.spill, err = newSpill[KV[K, V]](s.t, depth); err != nil {
			return err
		}
	}
	rows, hashes := make([]KV[K, V], 0, BatchRows), make([]uint64, 0, BatchRows)
	for p, piece := range s.vals.list {
		slots := s.slots.list[p]
		for i := range piece {
			rows = append(rows, KV[K, V]{t.keys[slots[i]], piece[i]})
			hashes = append(hashes, t.hashes[slots[i]])
			if len(rows) < BatchRows && i < len(piece)-1 {
				continue
			}
			if err := s.spill.pushHashed(rows, hashes); err != nil {
				return err
			}
			rows, hashes = rows[:0], hashes[:0]
		}
	}
	s.clear()
	return nil
}

func (s *side[K, V]) seal() error {
	if s.spill == nil {
		return nil
	}
	return s.spill.seal()
}

func (s *side[K, V]) replay(part int, into *groups[K], side int) error {
	if s.spill == nil {
		return nil
	}
	return s.spill.each(part, sinkFor[K, V](into, side).Push)
}

func (s *side[K, V]) close() {
	if s.spill != nil {
		s.spill.file.close()
	}
}

// sideSink takes the rows of one side of a grouping.
type sideSink[K comparable, V any] struct {
	groups *groups[K]
	side   *side[K, V]
	number int
}

func sinkFor[K comparable, V any](g *groups[K], number int) *sideSink[K, V] {
	return &sideSink[K, V]{g, g.sides[number].(*side[K, V]), number}
}

// Push implements Sink.
func (s *sideSink[K, V]) Push(rows []KV[K, V]) error {
	if len(rows) == 0 {
		return nil
	}
	stride := unsafe.Sizeof(rows[0])
	slots, err := s.groups.find(firstAt(rows), len(rows), stride, s.number)
	if err != nil {
		return err
	}
	s.side.add(unsafe.Pointer(&rows[0].Value), len(rows), stride, slots)
	return nil
}
