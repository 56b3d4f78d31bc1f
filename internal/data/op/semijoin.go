package op

import "unsafe"

// SubtractByKey keeps the rows of the first input whose keys the second one does not have.
type SubtractByKey[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *SubtractByKey[K, V, W]) Run(t *Task, in []Input, out *Sink) error {
	next, err := out.taking(TypeOf[KV[K, V]]())
	if err != nil {
		return err
	}
	j, err := newKeyJoin[K, V](t)
	if err != nil {
		return err
	}
	j.give = func(rows unsafe.Pointer, slots []int32, _ *table) error {
		j.chosen = j.chosen[:0]
		for i, slot := range slots {
			if slot < 0 {
				j.chosen = append(j.chosen, int32(i))
			}
		}
		return j.push(j.left, rows, next)
	}
	return j.run(feedOf(in[0], TypeOf[KV[K, V]]()), feedOf(in[1], TypeOf[KV[K, W]]()), unsafe.Sizeof(KV[K, W]{}))
}

// Intersection gives each row that both inputs have, once. Its inputs are made by Unit.
type Intersection[T comparable] struct{}

// Run implements Combine.
func (o *Intersection[T]) Run(t *Task, in []Input, out *Sink) error {
	next, err := out.taking(TypeOf[T]())
	if err != nil {
		return err
	}
	j, err := newKeyJoin[T, struct{}](t)
	if err != nil {
		return err
	}
	var of *table
	var given []bool // by slot of the table of
	j.give = func(_ unsafe.Pointer, slots []int32, keys *table) error {
		if of != keys {
			of, given = keys, make([]bool, keys.keys.n)
		}
		j.chosen = j.chosen[:0]
		for _, slot := range slots {
			if slot >= 0 && !given[slot] {
				given[slot] = true
				j.chosen = append(j.chosen, slot)
			}
		}
		return j.push(keys.keys.layout, keys.keys.base, next)
	}
	type row = KV[T, struct{}]
	return j.run(feedOf(in[0], TypeOf[row]()), feedOf(in[1], TypeOf[row]()), unsafe.Sizeof(row{}))
}

// keyJoin asks for the rows of one source which of their keys are among those of another. Distinct keys can always be split, so
// memory never ends it.
type keyJoin struct {
	t     *Task
	held  *held
	table *table  // of the type of the keys
	left  *layout // of the rows of the left side, which begin with their keys
	// give gets rows with the slots of their keys, -1 for a key that is not there.
	give func(rows unsafe.Pointer, slots []int32, keys *table) error

	hashes []uint64
	slots  []int32
	chosen []int32   // scratch of give
	batch  rowBuffer // of output rows
	packed rowBuffer // of keys of the right side
}

func newKeyJoin[K comparable, V any](t *Task) (*keyJoin, error) {
	table, err := newTable[K]()
	if err != nil {
		return nil, err
	}
	l, err := layoutOf[KV[K, V]]()
	return &keyJoin{t: t, held: holdFor(t), table: table, left: l, packed: rowBuffer{layout: table.keys.layout}}, err
}

// push pushes the chosen ones of rows.
func (j *keyJoin) push(l *layout, rows unsafe.Pointer, next pushFunc) error {
	n := len(j.chosen)
	if n == 0 {
		return nil
	}
	if j.batch.layout == nil {
		j.batch.layout = l
	}
	j.batch.set(n)
	l.move(j.batch.base, l.size, nil, rows, l.size, j.chosen, n)
	return next(j.batch.base, n)
}

// run joins; the rows of the right side begin with their keys and are stride bytes long.
func (j *keyJoin) run(left, right feed, stride uintptr) error {
	defer j.held.release()
	return j.join(left, right, stride, 0)
}

func (j *keyJoin) join(left, right feed, stride uintptr, depth int) error {
	keys := j.table.fresh()
	var away *spill
	err := right(func(rows unsafe.Pointer, n int) error {
		if err := j.t.Err(); err != nil {
			return err
		}
		j.hashes = keys.hash(rows, n, stride, j.hashes)
		if away == nil {
			size, weight := keys.grown(n)
			if j.held.want(weight) || keys.keys.n == 0 || depth == deepest {
				keys.grow(size)
				j.slots = room(j.slots, n)
				keys.find(rows, stride, j.hashes, j.slots)
				return nil
			}
			away = newSpill(j.t, keys.keys.layout, depth)
			if err := j.empty(keys, away); err != nil {
				return err
			}
		}
		return away.pushHashed(j.pack(rows, n, stride), n, j.hashes)
	})
	if away != nil {
		defer away.file.close()
	}
	switch {
	case err != nil:
		return err
	case away != nil:
		return j.split(left, away, depth)
	}
	return j.stream(left, keys)
}

// pack puts keys side by side.
func (j *keyJoin) pack(rows unsafe.Pointer, n int, stride uintptr) unsafe.Pointer {
	j.packed.set(n)
	j.packed.move(j.packed.base, j.packed.size, nil, rows, stride, nil, n)
	return j.packed.base
}

// empty sends all keys to a spill.
func (j *keyJoin) empty(t *table, to *spill) error {
	_, weight := t.grown(0)
	j.t.Metrics.SpilledMemory += weight
	for from := 0; from < t.keys.n; from += BatchRows {
		n := min(BatchRows, t.keys.n-from)
		if err := to.pushHashed(t.keys.at(from), n, t.hashes[from:from+n]); err != nil {
			return err
		}
	}
	t.drop()
	j.held.release()
	return nil
}

func (j *keyJoin) split(left feed, right *spill, depth int) error {
	if err := right.seal(); err != nil {
		return err
	}
	away, err := spillAll(j.t, j.table, left, j.left, depth)
	if err != nil {
		return err
	}
	defer away.file.close()
	for part := range spillParts {
		if err := j.join(away.feed(part), right.feed(part), j.table.keys.size, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (j *keyJoin) stream(left feed, keys *table) error {
	return left(func(rows unsafe.Pointer, n int) error {
		if err := j.t.Err(); err != nil {
			return err
		}
		j.hashes = keys.hash(rows, n, j.left.size, j.hashes)
		j.slots = room(j.slots, n)
		keys.lookup(rows, j.left.size, j.hashes, j.slots)
		return j.give(rows, j.slots, keys)
	})
}
