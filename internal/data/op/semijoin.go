package op

import "unsafe"

// SubtractByKey keeps the rows of the first input whose keys the second one does not have.
type SubtractByKey[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *SubtractByKey[K, V, W]) Run(t *Task, in []Input, out any) error {
	next, err := sinkOf[KV[K, V]](out)
	if err != nil {
		return err
	}
	var batch []KV[K, V]
	j := &keyJoin[K, V]{t: t, held: holdFor(t), give: func(rows []KV[K, V], slots []int32, _ *table[K]) error {
		batch = batch[:0]
		for i, slot := range slots {
			if slot < 0 {
				batch = append(batch, rows[i])
			}
		}
		return pushAll(next, batch)
	}}
	return j.run(feedOf[KV[K, V]](in[0]), keysOf[K, W](in[1]))
}

// Intersection gives each row that both inputs have, once. Its inputs are made by Unit.
type Intersection[T comparable] struct{}

// Run implements Combine.
func (o *Intersection[T]) Run(t *Task, in []Input, out any) error {
	next, err := sinkOf[T](out)
	if err != nil {
		return err
	}
	var batch []T
	var of *table[T]
	var given []bool // by slot of the table of
	j := &keyJoin[T, struct{}]{t: t, held: holdFor(t), give: func(_ []KV[T, struct{}], slots []int32, keys *table[T]) error {
		if of != keys {
			of, given = keys, make([]bool, len(keys.keys))
		}
		batch = batch[:0]
		for _, slot := range slots {
			if slot >= 0 && !given[slot] {
				given[slot] = true
				batch = append(batch, keys.keys[slot])
			}
		}
		return pushAll(next, batch)
	}}
	return j.run(feedOf[KV[T, struct{}]](in[0]), keysOf[T, struct{}](in[1]))
}

// keysOf feeds the keys of an input of pairs.
func keysOf[K, W any](in Input) feed[K] {
	var keys []K
	return func(push func([]K) error) error {
		return in.Run(funcSink[KV[K, W]](func(rows []KV[K, W]) error {
			keys = room(keys, len(rows))
			for i := range rows {
				keys[i] = rows[i].Key
			}
			return push(keys)
		}))
	}
}

// keyJoin asks for the rows of one source which of their keys are among those of another. Distinct keys can always be split, so
// memory never ends it.
type keyJoin[K comparable, V any] struct {
	t    *Task
	held *held
	// give gets rows with the slots of their keys, -1 for a key that is not there.
	give func(rows []KV[K, V], slots []int32, keys *table[K]) error

	hashes []uint64
	slots  []int32
}

func (j *keyJoin[K, V]) run(left feed[KV[K, V]], right feed[K]) error {
	defer j.held.release()
	return j.join(left, right, 0)
}

func (j *keyJoin[K, V]) join(left feed[KV[K, V]], right feed[K], depth int) error {
	table, err := newTable[K]()
	if err != nil {
		return err
	}
	defer table.drop()
	var away *spill[K]
	err = right(func(keys []K) error {
		if err := j.t.Err(); err != nil || len(keys) == 0 {
			return err
		}
		j.hashes = table.hash(firstAt(keys), len(keys), unsafe.Sizeof(keys[0]), j.hashes)
		if away != nil {
			return away.pushHashed(keys, j.hashes)
		}
		room, weight := table.grown(len(keys))
		if j.held.want(weight) || len(table.keys) == 0 || depth == deepest {
			j.find(table, room, keys)
			return nil
		}
		if away, err = newSpill[K](j.t, depth); err != nil {
			return err
		}
		j.t.Metrics.SpilledMemory += weight
		if err := away.pushHashed(keys, j.hashes); err != nil {
			return err
		}
		return dumpKeys(table, away)
	})
	if away != nil {
		defer away.file.close()
	}
	if err != nil {
		return err
	}
	if away != nil {
		table.drop()
		j.held.release()
		return j.split(table, left, away, depth)
	}
	return j.stream(table, left)
}

func (j *keyJoin[K, V]) find(t *table[K], keysRoom int, keys []K) {
	t.grow(keysRoom)
	j.slots = room(j.slots, len(keys))
	t.find(firstAt(keys), unsafe.Sizeof(keys[0]), j.hashes, j.slots)
}

func dumpKeys[K comparable](t *table[K], to *spill[K]) error {
	for from := 0; from < len(t.keys); from += BatchRows {
		n := min(from+BatchRows, len(t.keys))
		if err := to.pushHashed(t.keys[from:n], t.hashes[from:n]); err != nil {
			return err
		}
	}
	return nil
}

func (j *keyJoin[K, V]) stream(t *table[K], left feed[KV[K, V]]) error {
	return left(func(rows []KV[K, V]) error {
		if err := j.t.Err(); err != nil || len(rows) == 0 {
			return err
		}
		stride := unsafe.Sizeof(rows[0])
		j.hashes = t.hash(firstAt(rows), len(rows), stride, j.hashes)
		j.slots = room(j.slots, len(rows))
		t.lookup(firstAt(rows), stride, j.hashes, j.slots)
		return j.give(rows, j.slots, t)
	})
}

func (j *keyJoin[K, V]) split(hasher *table[K], left feed[KV[K, V]], right *spill[K], depth int) error {
	if err := right.seal(); err != nil {
		return err
	}
	spilled, err := newSpill[KV[K, V]](j.t, depth)
	if err != nil {
		return err
	}
	defer spilled.file.close()
	err = left(func(rows []KV[K, V]) error {
		if err := j.t.Err(); err != nil || len(rows) == 0 {
			return err
		}
		j.hashes = hasher.hash(firstAt(rows), len(rows), unsafe.Sizeof(rows[0]), j.hashes)
		return spilled.pushHashed(rows, j.hashes)
	})
	if err == nil {
		err = spilled.seal()
	}
	for part := 0; part < spillParts && err == nil; part++ {
		err = j.join(spilled.feed(part), right.feed(part), depth+1)
	}
	return err
}
