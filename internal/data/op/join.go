package op

import (
	"unsafe"
)

// Join pairs the values of two inputs that meet under a key. The second input is held in memory (or split until it fits), the first
// streams past it: the smaller one belongs second.
type Join[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *Join[K, V, W]) Run(t *Task, in []Input, out any) error {
	next, err := sinkOf[KV[K, Joined[V, W]]](out)
	if err != nil {
		return err
	}
	var batch []KV[K, Joined[V, W]]
	j := newJoiner[K, V, W](t, false, false)
	j.pairs = func(left []KV[K, V], vals []W, p pairing) error {
		batch = room(batch, len(p.left))
		for i, at := range p.left {
			batch[i] = KV[K, Joined[V, W]]{left[at].Key, Joined[V, W]{left[at].Value, vals[p.right[i]]}}
		}
		return next.Push(batch)
	}
	return j.run(in)
}

// LeftJoin is Join that keeps rows of the first input that meet none.
type LeftJoin[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *LeftJoin[K, V, W]) Run(t *Task, in []Input, out any) error {
	next, err := sinkOf[KV[K, Joined[V, Maybe[W]]]](out)
	if err != nil {
		return err
	}
	var batch []KV[K, Joined[V, Maybe[W]]]
	j := newJoiner[K, V, W](t, true, false)
	j.pairs = func(left []KV[K, V], vals []W, p pairing) error {
		batch = room(batch, len(p.left))
		for i, at := range p.left {
			batch[i] = KV[K, Joined[V, Maybe[W]]]{left[at].Key, Joined[V, Maybe[W]]{left[at].Value, maybe(vals, p.right[i])}}
		}
		return next.Push(batch)
	}
	return j.run(in)
}

// RightJoin is Join that keeps rows of the second input that meet none.
type RightJoin[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *RightJoin[K, V, W]) Run(t *Task, in []Input, out any) error {
	next, err := sinkOf[KV[K, Joined[Maybe[V], W]]](out)
	if err != nil {
		return err
	}
	var batch []KV[K, Joined[Maybe[V], W]]
	j := newJoiner[K, V, W](t, false, true)
	j.pairs = func(left []KV[K, V], vals []W, p pairing) error {
		batch = room(batch, len(p.left))
		for i, at := range p.left {
			batch[i] = KV[K, Joined[Maybe[V], W]]{left[at].Key, Joined[Maybe[V], W]{Maybe[V]{left[at].Value, true}, vals[p.right[i]]}}
		}
		return next.Push(batch)
	}
	j.alone = func(keys []K, vals []W, p pairing) error {
		batch = room(batch, len(p.left))
		for i, at := range p.left {
			batch[i] = KV[K, Joined[Maybe[V], W]]{keys[at], Joined[Maybe[V], W]{Right: vals[p.right[i]]}}
		}
		return next.Push(batch)
	}
	return j.run(in)
}

// FullJoin is Join that keeps rows of both inputs that meet none.
type FullJoin[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *FullJoin[K, V, W]) Run(t *Task, in []Input, out any) error {
	type row = KV[K, Joined[Maybe[V], Maybe[W]]]
	next, err := sinkOf[row](out)
	if err != nil {
		return err
	}
	var batch []row
	j := newJoiner[K, V, W](t, true, true)
	j.pairs = func(left []KV[K, V], vals []W, p pairing) error {
		batch = room(batch, len(p.left))
		for i, at := range p.left {
			batch[i] = row{left[at].Key, Joined[Maybe[V], Maybe[W]]{Maybe[V]{left[at].Value, true}, maybe(vals, p.right[i])}}
		}
		return next.Push(batch)
	}
	j.alone = func(keys []K, vals []W, p pairing) error {
		batch = room(batch, len(p.left))
		for i, at := range p.left {
			batch[i] = row{keys[at], Joined[Maybe[V], Maybe[W]]{Right: maybe(vals, p.right[i])}}
		}
		return next.Push(batch)
	}
	return j.run(in)
}

// maybe gives value i, or none for -1.
func maybe[W any](vals []W, i int32) Maybe[W] {
	if i < 0 {
		return Maybe[W]{}
	}
	return Maybe[W]{vals[i], true}
}

// pairing says which rows become one batch of output: row left[i] with value right[i], which is -1 where there is none.
type pairing struct{ left, right []int32 }

func (p *pairing) add(left, right int32) {
	p.left, p.right = append(p.left, left), append(p.right, right)
}

func (p *pairing) clear() { p.left, p.right = p.left[:0], p.right[:0] }

// joiner joins by a hash table on the right side. Who makes one says how output rows are made of pairings.
type joiner[K comparable, V, W any] struct {
	t                   *Task
	held                *held
	keepLeft, keepRight bool
	pairs               func(left []KV[K, V], vals []W, p pairing) error // p.left are rows of the batch left
	alone               func(keys []K, vals []W, p pairing) error        // p.left are slots; only with keepRight

	hashes []uint64
	slots  []int32
	p      pairing
}

func newJoiner[K comparable, V, W any](t *Task, keepLeft, keepRight bool) *joiner[K, V, W] {
	return &joiner[K, V, W]{t: t, held: holdFor(t), keepLeft: keepLeft, keepRight: keepRight}
}

func (j *joiner[K, V, W]) run(in []Input) error {
	defer j.held.release()
	return j.join(feedOf[KV[K, V]](in[0]), feedOf[KV[K, W]](in[1]), 0)
}

// join joins two sources. When the right one does not fit, both are split; where splitting does not help (many rows of one key),
// the right side is taken in portions and the left side read again for each.
func (j *joiner[K, V, W]) join(left feed[KV[K, V]], right feed[KV[K, W]], depth int) error {
	b, err := newBuilt[K, W](j.t, j.held)
	if err != nil {
		return err
	}
	var missed *bitmap // left rows that no portion has matched
	var away *spill[KV[K, W]]
	err = right(func(rows []KV[K, W]) error {
		if err := j.t.Err(); err != nil {
			return err
		}
		if away == nil {
			if b.add(rows) {
				return nil
			}
			if missed != nil || depth == deepest || depth > 0 && len(b.table.keys) == 1 {
				if missed == nil {
					missed = &bitmap{}
				}
				if err := j.portion(left, b, missed); err != nil {
					return err
				}
				b.clear()
				b.force(rows)
				return nil
			}
			if away, err = newSpill[KV[K, W]](j.t, depth); err != nil {
				return err
			}
			j.t.Metrics.SpilledMemory += b.weight()
			if err := b.dump(away); err != nil {
				return err
			}
			b.drop()
		}
		b.hash(rows)
		return away.pushHashed(rows, b.hashes)
	})
	if away != nil {
		defer away.file.close()
	}
	switch {
	case err != nil:
		return err
	case away != nil:
		return j.split(left, away, depth)
	case missed != nil:
		if err := j.portion(left, b, missed); err != nil || !j.keepLeft {
			return err
		}
		return j.leftovers(left, missed)
	}
	if err := j.stream(left, b, nil); err != nil {
		return err
	}
	return j.unmatched(b)
}

// split sends the left side to a spill too and joins part with part.
func (j *joiner[K, V, W]) split(left feed[KV[K, V]], right *spill[KV[K, W]], depth int) error {
	if err := right.seal(); err != nil {
		return err
	}
	spilled, err := newSpill[KV[K, V]](j.t, depth)
	if err != nil {
		return err
	}
	defer spilled.file.close()
	hasher, err := newTable[K]()
	if err != nil {
		return err
	}
	err = left(func(rows []KV[K, V]) error {
		if err := j.t.Err(); err != nil || len(rows) == 0 {
			return err
		}
		j.hashes = hasher.hash(firstAt(rows), len(rows), unsafe.Sizeof(rows[0]), j.hashes)
		return spilled.pushHashed(rows, j.hashes)
	})
	if err != nil {
		return err
	}
	if err := spilled.seal(); err != nil {
		return err
	}
	for part := range spillParts {
		if err := j.join(spilled.feed(part), right.feed(part), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// portion joins all left rows with a part of the right ones.
func (j *joiner[K, V, W]) portion(left feed[KV[K, V]], b *built[K, W], missed *bitmap) error {
	if err := j.stream(left, b, missed); err != nil {
		return err
	}
	return j.unmatched(b)
}

// stream moves the left side past the table. Left rows without a match are given at once, or noted in missed.
func (j *joiner[K, V, W]) stream(left feed[KV[K, V]], b *built[K, W], missed *bitmap) error {
	b.finish(j.keepRight)
	at := 0
	return left(func(rows []KV[K, V]) error {
		if err := j.t.Err(); err != nil || len(rows) == 0 {
			return err
		}
		n := len(rows)
		j.hashes = b.table.hash(firstAt(rows), n, unsafe.Sizeof(rows[0]), j.hashes)
		j.slots = room(j.slots, n)
		b.table.lookup(firstAt(rows), unsafe.Sizeof(rows[0]), j.hashes, j.slots)
		if missed != nil {
			missed.see(at, j.slots)
			at += n
		}
		return j.probe(rows, b, j.keepLeft && missed == nil)
	})
}

// probe gives the pairs of one batch, whose keys' slots are in j.slots.
func (j *joiner[K, V, W]) probe(rows []KV[K, V], b *built[K, W], keepLeft bool) error {
	j.p.clear()
	for i, slot := range j.slots {
		from, to := int32(-1), int32(0) // one pairing with nothing
		if slot >= 0 {
			from, to = b.values(slot)
			if b.matched != nil {
				b.matched[slot] = true
			}
		} else if !keepLeft {
			continue
		}
		for ; from < to; from++ {
			if len(j.p.left) == BatchRows {
				if err := j.give(rows, b.vals); err != nil {
					return err
				}
			}
			j.p.add(int32(i), from)
		}
	}
	return j.give(rows, b.vals)
}

func (j *joiner[K, V, W]) give(rows []KV[K, V], vals []W) error {
	if len(j.p.left) == 0 {
		return nil
	}
	err := j.t.Err()
	if err == nil {
		err = j.pairs(rows, vals, j.p)
	}
	j.p.clear()
	return err
}

// unmatched gives the right rows that met no left one.
func (j *joiner[K, V, W]) unmatched(b *built[K, W]) error {
	if !j.keepRight {
		return nil
	}
	j.p.clear()
	for slot := range b.table.keys {
		if b.matched[slot] {
			continue
		}
		from, to := b.values(int32(slot))
		for at := from; at < to; at++ {
			j.p.add(int32(slot), at)
			if len(j.p.left) < BatchRows {
				continue
			}
			if err := j.alone(b.table.keys, b.vals, j.p); err != nil {
				return err
			}
			j.p.clear()
		}
	}
	if len(j.p.left) == 0 {
		return nil
	}
	return j.alone(b.table.keys, b.vals, j.p)
}

// leftovers gives the left rows that matched in no portion.
func (j *joiner[K, V, W]) leftovers(left feed[KV[K, V]], missed *bitmap) error {
	at := 0
	return left(func(rows []KV[K, V]) error {
		j.p.clear()
		for i := range rows {
			if !missed.has(at + i) {
				j.p.add(int32(i), -1)
			}
		}
		at += len(rows)
		return j.give(rows, nil)
	})
}
