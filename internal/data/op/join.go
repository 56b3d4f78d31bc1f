package op

import "unsafe"

// Join pairs the values of two inputs that meet under a key. The second input is held in memory (or split until it fits), the first
// streams past it: the smaller one belongs second.
type Join[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *Join[K, V, W]) Run(t *Task, in []Input, out *Sink) error {
	return runJoin[K, V, W, V, W](t, in, out, joiner{})
}

// LeftJoin is Join that keeps rows of the first input that meet none.
type LeftJoin[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *LeftJoin[K, V, W]) Run(t *Task, in []Input, out *Sink) error {
	return runJoin[K, V, W, V, Maybe[W]](t, in, out, joiner{keepLeft: true})
}

// RightJoin is Join that keeps rows of the second input that meet none.
type RightJoin[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *RightJoin[K, V, W]) Run(t *Task, in []Input, out *Sink) error {
	return runJoin[K, V, W, Maybe[V], W](t, in, out, joiner{keepRight: true})
}

// FullJoin is Join that keeps rows of both inputs that meet none.
type FullJoin[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *FullJoin[K, V, W]) Run(t *Task, in []Input, out *Sink) error {
	return runJoin[K, V, W, Maybe[V], Maybe[W]](t, in, out, joiner{keepLeft: true, keepRight: true})
}

// runJoin runs j, whose output is KV[K, Joined[L, R]]: L is V, or Maybe[V] when rows of the right side are kept, and R likewise.
func runJoin[K comparable, V, W, L, R any](t *Task, in []Input, out *Sink, j joiner) (err error) {
	type row = KV[K, Joined[L, R]]
	if j.next, err = out.taking(TypeOf[row]()); err != nil {
		return err
	}
	if j.table, err = newTable[K](); err != nil {
		return err
	}
	if j.left, err = pairOf(TypeOf[KV[K, V]]()); err != nil {
		return err
	}
	if j.right, err = pairOf(TypeOf[KV[K, W]]()); err != nil {
		return err
	}
	l, err := layoutOf[row]()
	if err != nil {
		return err
	}
	var r row
	j.t, j.held, j.batch = t, holdFor(t), rowBuffer{layout: l}
	j.leftAt, j.rightAt = unsafe.Offsetof(r.Value)+unsafe.Offsetof(r.Value.Left), unsafe.Offsetof(r.Value)+unsafe.Offsetof(r.Value.Right)
	j.leftOk, j.rightOk = unsafe.Offsetof(Maybe[V]{}.Ok), unsafe.Offsetof(Maybe[W]{}.Ok)
	defer j.held.release()
	return j.join(feedOf(in[0], TypeOf[KV[K, V]]()), feedOf(in[1], TypeOf[KV[K, W]]()), 0)
}

// joiner joins by a hash table on the right side.
type joiner struct {
	keepLeft, keepRight bool

	t           *Task
	held        *held
	table       *table // of the type of the keys; used for its hash
	left, right pairLayout
	next        pushFunc
	batch       rowBuffer // of output rows

	// Where things lie in an output row, and Ok in a Maybe.
	leftAt, rightAt, leftOk, rightOk uintptr

	hashes []uint64
	slots  []int32
	p      pairing
}

// pairing says which rows become one batch of output: left row left[i] with right value right[i], which is -1 where there is none.
type pairing struct{ left, right []int32 }

func (p *pairing) add(left, right int32) {
	p.left, p.right = append(p.left, left), append(p.right, right)
}

// join joins two sources. When the right one does not fit, both are split; where splitting does not help (many rows of one key),
// the right side is taken in portions and the left side read again for each.
func (j *joiner) join(left, right feed, depth int) error {
	b := newBuilt(j)
	var met *bitmap // left rows that some portion has matched
	var away *spill
	err := right(func(rows unsafe.Pointer, n int) error {
		if err := j.t.Err(); err != nil {
			return err
		}
		b.hashes = b.table.hash(rows, n, j.right.row.size, b.hashes)
		if away == nil && !b.room(n) {
			if met != nil || depth == deepest || depth > 0 && b.table.keys.n == 1 {
				if met == nil {
					met = &bitmap{}
				}
				if err := j.portion(left, b, met); err != nil {
					return err
				}
				b.clear()
			} else {
				away = newSpill(j.t, j.right.row, depth)
				j.t.Metrics.SpilledMemory += b.weight()
				if err := b.column.dump(b.table, j.right, away); err != nil {
					return err
				}
				b.drop()
			}
		}
		if away != nil {
			return away.pushHashed(rows, n, b.hashes)
		}
		b.add(rows, n)
		return nil
	})
	if away != nil {
		defer away.file.close()
	}
	switch {
	case err != nil:
		return err
	case away != nil:
		return j.split(left, away, depth)
	case met != nil:
		if err := j.portion(left, b, met); err != nil || !j.keepLeft {
			return err
		}
		return j.leftovers(left, met)
	}
	return j.portion(left, b, nil)
}

// split sends the left side to a spill too and joins part with part.
func (j *joiner) split(left feed, right *spill, depth int) error {
	if err := right.seal(); err != nil {
		return err
	}
	away, err := spillAll(j.t, j.table, left, j.left.row, depth)
	if err != nil {
		return err
	}
	defer away.file.close()
	for part := range spillParts {
		if err := j.join(away.feed(part), right.feed(part), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// spillAll sends rows that begin with their keys to a spill, and seals it.
func spillAll(t *Task, keys *table, from feed, l *layout, depth int) (*spill, error) {
	away := newSpill(t, l, depth)
	var hashes []uint64
	err := from(func(rows unsafe.Pointer, n int) error {
		if err := t.Err(); err != nil {
			return err
		}
		hashes = keys.hash(rows, n, l.size, hashes)
		return away.pushHashed(rows, n, hashes)
	})
	if err == nil {
		err = away.seal()
	}
	if err != nil {
		away.file.close()
	}
	return away, err
}

// portion joins all left rows with the right rows in memory: all of them, or, when met is not nil, a portion. Left rows without
// a match are then only noted.
func (j *joiner) portion(left feed, b *built, met *bitmap) error {
	b.finish(j.keepRight)
	stride, at := j.left.row.size, 0
	err := left(func(rows unsafe.Pointer, n int) error {
		if err := j.t.Err(); err != nil {
			return err
		}
		j.hashes = b.table.hash(rows, n, stride, j.hashes)
		j.slots = room(j.slots, n)
		b.table.lookup(rows, stride, j.hashes, j.slots)
		if met != nil {
			met.see(at, j.slots)
			at += n
		}
		return j.probe(rows, b, j.keepLeft && met == nil)
	})
	if err != nil || !j.keepRight {
		return err
	}
	return j.unmatched(b)
}

// probe gives the pairs of one batch, whose keys' slots are in j.slots.
func (j *joiner) probe(rows unsafe.Pointer, b *built, keepLeft bool) error {
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

// give pushes the pairs of left rows and right values that j.p names.
func (j *joiner) give(left, vals unsafe.Pointer) error {
	n := len(j.p.left)
	if n == 0 {
		return nil
	}
	out, stride, from := j.blank(n), j.batch.size, j.left.row.size
	j.left.key.move(out, stride, nil, left, from, j.p.left, n)
	j.left.val.move(unsafe.Add(out, j.leftAt), stride, nil, unsafe.Add(left, j.left.valAt), from, j.p.left, n)
	if j.keepRight { // then left values are a Maybe
		for i := range n {
			*(*bool)(unsafe.Add(out, uintptr(i)*stride+j.leftAt+j.leftOk)) = true
		}
	}
	j.rights(vals, out, n)
	return j.push(n)
}

// rights fills in the right values that j.p names.
func (j *joiner) rights(vals, out unsafe.Pointer, n int) {
	stride, val := j.batch.size, j.right.val
	if !j.keepLeft {
		val.move(unsafe.Add(out, j.rightAt), stride, nil, vals, val.size, j.p.right, n)
		return
	}
	for i, from := range j.p.right {
		if from < 0 {
			continue
		}
		at := unsafe.Add(out, uintptr(i)*stride+j.rightAt)
		val.one(at, unsafe.Add(vals, uintptr(from)*val.size))
		*(*bool)(unsafe.Add(at, j.rightOk)) = true
	}
}

// blank gives n output rows. Where values may be missing, their places are zero.
func (j *joiner) blank(n int) unsafe.Pointer {
	j.batch.set(n)
	if j.keepLeft || j.keepRight {
		j.batch.layout.clear(j.batch.base, n)
	}
	return j.batch.base
}

func (j *joiner) push(n int) error {
	j.p.left, j.p.right = j.p.left[:0], j.p.right[:0]
	if err := j.t.Err(); err != nil {
		return err
	}
	return j.next(j.batch.base, n)
}

// unmatched gives the right rows that met no left one.
func (j *joiner) unmatched(b *built) error {
	for slot, matched := range b.matched {
		if matched {
			continue
		}
		from, to := b.values(int32(slot))
		for ; from < to; from++ {
			if len(j.p.left) == BatchRows {
				if err := j.giveRight(b); err != nil {
					return err
				}
			}
			j.p.add(int32(slot), from)
		}
	}
	return j.giveRight(b)
}

// giveRight pushes rows without a left value: j.p.left are slots.
func (j *joiner) giveRight(b *built) error {
	n := len(j.p.left)
	if n == 0 {
		return nil
	}
	out, keys := j.blank(n), &b.table.keys
	keys.move(out, j.batch.size, nil, keys.base, keys.size, j.p.left, n)
	j.rights(b.vals, out, n)
	return j.push(n)
}

// leftovers gives the left rows that matched in no portion.
func (j *joiner) leftovers(left feed, met *bitmap) error {
	at := 0
	return left(func(rows unsafe.Pointer, n int) error {
		for i := range n {
			if !met.has(at + i) {
				j.p.add(int32(i), -1)
			}
		}
		at += n
		return j.give(rows, nil)
	})
}
