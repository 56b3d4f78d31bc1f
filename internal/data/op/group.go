package op

import "unsafe"

// GroupByKey gives each key with all its values, in order of arrival, when its input has ended.
type GroupByKey[K comparable, V any] struct{}

// Wire implements Transform.
func (o *GroupByKey[K, V]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[KV[K, []V]]())
	if err != nil {
		return nil, err
	}
	g, err := newGroups[K](t, TypeOf[KV[K, V]]())
	if err != nil {
		return nil, err
	}
	end, err := groupsInto(g, TypeOf[KV[K, []V]](), next)
	return &Sink{rows: g.sides[0].pair.row.typ, push: g.sides[0].push, end: end}, err
}

// groupsInto gives the groups of g as rows of KV[K, G], where G is made of one slice for each side, in their order.
func groupsInto(g *groups, rows RowType, next pushFunc) (end func() error, err error) {
	pair, err := pairOf(rows)
	return func() error {
		return g.finish(func(g *groups) error { return g.give(pair.row, pair.valAt, next) })
	}, err
}

// groups brings all values of each key together, from one or several inputs (sides) over one table of keys. When memory is refused
// all sides go to spills, by the same bits of the hash, and at the end each part is grouped alone.
type groups struct {
	t     *Task
	held  *held
	depth int
	table *table
	sides []*side

	spilled bool
	hashes  []uint64
	slots   []int32
}

// side is the values of one input of a grouping.
type side struct {
	column
	groups *groups
	pair   pairLayout // of its rows
	spill  *spill     // nil until memory was refused
}

// newGroups groups by keys of K; sides are the types of their rows, KV[K, V].
func newGroups[K comparable](t *Task, sides ...RowType) (*groups, error) {
	table, err := newTable[K]()
	if err != nil {
		return nil, err
	}
	g := &groups{t: t, held: holdFor(t), table: table}
	for _, rows := range sides {
		p, err := pairOf(rows)
		if err != nil {
			return nil, err
		}
		g.addSide(p)
	}
	return g, nil
}

func (g *groups) addSide(p pairLayout) {
	g.sides = append(g.sides, &side{column: column{vals: pieces{layout: p.val}}, groups: g, pair: p})
}

// below gives an empty grouping of the same kind, for a part of the spills.
func (g *groups) below() *groups {
	sub := &groups{t: g.t, held: g.held, depth: g.depth + 1, table: g.table.fresh()}
	for _, s := range g.sides {
		sub.addSide(s.pair)
	}
	return sub
}

// push takes rows of one side.
func (s *side) push(rows unsafe.Pointer, n int) error {
	g, stride := s.groups, s.pair.row.size
	if err := g.t.Err(); err != nil {
		return err
	}
	g.hashes = g.table.hash(rows, n, stride, g.hashes)
	keys, weight := g.weight(n, s)
	if !g.held.want(weight) && g.table.keys.n > 0 {
		if err := g.full(weight); err != nil {
			return err
		}
		keys, weight = g.weight(n, s)
		g.held.want(weight)
	}
	g.table.grow(keys)
	g.slots = room(g.slots, n)
	g.table.find(rows, stride, g.hashes, g.slots)
	s.add(unsafe.Add(rows, s.pair.valAt), n, stride, g.slots)
	return nil
}

// weight is what the grouping holds when n more rows of side come, and the room for keys that it then needs.
func (g *groups) weight(n int, more *side) (keys int, weight int64) {
	keys, weight = g.table.grown(n)
	for _, s := range g.sides {
		if s == more {
			weight += s.column.weight(n)
		} else {
			weight += s.column.weight(0)
		}
	}
	return keys, weight
}

// full makes room. One key whose values do not fit alone cannot be split: as long as they are few, the grouping goes on without
// a grant.
func (g *groups) full(weight int64) error {
	if g.depth < deepest && (g.depth == 0 || g.table.keys.n > 1) {
		return g.empty()
	}
	if weight > ungranted {
		return tooLarge("the values of one key", weight)
	}
	return nil
}

// empty sends all sides to their spills.
func (g *groups) empty() error {
	_, weight := g.weight(0, nil)
	g.t.Metrics.SpilledMemory += weight
	for _, s := range g.sides {
		if !g.spilled {
			s.spill = newSpill(g.t, s.pair.row, g.depth)
		}
		if err := s.dump(g.table, s.pair, s.spill); err != nil {
			return err
		}
	}
	g.spilled = true
	g.table.clear()
	return nil
}

// finish gives all groups: do is called once for what was grouped in memory, or for each part of the spills.
func (g *groups) finish(do func(g *groups) error) error {
	defer g.drop()
	if !g.spilled {
		return do(g)
	}
	if err := g.empty(); err != nil {
		return err
	}
	for _, s := range g.sides {
		defer s.spill.file.close()
		if err := s.spill.seal(); err != nil {
			return err
		}
	}
	g.drop()
	for part := range spillParts {
		sub := g.below()
		for i, s := range g.sides {
			if err := s.spill.each(part, sub.sides[i].push); err != nil {
				return err
			}
		}
		if err := sub.finish(do); err != nil {
			return err
		}
	}
	return nil
}

// give pushes rows of a key and one slice of values for each side.
func (g *groups) give(l *layout, valAt uintptr, next pushFunc) error {
	keys := &g.table.keys
	if keys.n == 0 {
		return nil
	}
	offsets, vals := make([][]int32, len(g.sides)), make([]unsafe.Pointer, len(g.sides))
	for i, s := range g.sides {
		offsets[i], vals[i] = s.sorted(keys.n)
		s.clear()
	}
	batch, size := rowBuffer{layout: l}, batchOf(l.size)
	batch.set(min(size, keys.n))
	for from := 0; from < keys.n; from += size {
		if err := g.t.Err(); err != nil {
			return err
		}
		n := min(size, keys.n-from)
		keys.move(batch.base, l.size, nil, keys.at(from), keys.size, nil, n)
		for i, s := range g.sides {
			at := valAt + uintptr(i)*unsafe.Sizeof(sliceHead{})
			spans(unsafe.Add(batch.base, at), l.size, vals[i], s.vals.size, offsets[i][from:from+n+1])
		}
		if err := next(batch.base, n); err != nil {
			return err
		}
	}
	return nil
}

// spans writes slice headers, stride bytes apart: the values of slot i are offsets[i] to offsets[i+1]. A slot without values gets nil,
// and no slice has room for more, so that appending to one does not touch the next.
func spans(dst unsafe.Pointer, stride uintptr, vals unsafe.Pointer, size uintptr, offsets []int32) {
	for i, from := range offsets[:len(offsets)-1] {
		var head sliceHead
		if n := int(offsets[i+1] - from); n > 0 {
			head = sliceHead{unsafe.Add(vals, uintptr(from)*size), n, n}
		}
		*(*sliceHead)(unsafe.Add(dst, uintptr(i)*stride)) = head
	}
}

func (g *groups) drop() {
	g.table.drop()
	for _, s := range g.sides {
		s.clear()
	}
	g.held.release()
}
