package op

import "unsafe"

// CoGroup gives each key of two inputs with all its values of both.
type CoGroup[K comparable, V, W any] struct{}

// Run implements Combine.
func (o *CoGroup[K, V, W]) Run(t *Task, in []Input, out any) error {
	next, err := sinkOf[KV[K, CoGrouped[V, W]]](out)
	if err != nil {
		return err
	}
	g, err := newGroups[K](t, holdFor(t), 0, newSide[K, V], newSide[K, W])
	if err != nil {
		return err
	}
	defer g.drop()
	if err := runAll(in, sinkFor[K, V](g, 0), sinkFor[K, W](g, 1)); err != nil {
		return err
	}
	var batch []KV[K, CoGrouped[V, W]]
	return g.finish(func(g *groups[K]) error {
		keys := g.table.keys
		atV, vs := g.sides[0].(*side[K, V]).sorted(len(keys))
		atW, ws := g.sides[1].(*side[K, W]).sorted(len(keys))
		return g.batches(unsafe.Sizeof(batch[0]), func(from, to int) error {
			batch = room(batch, to-from)
			for i := range batch {
				k := from + i
				batch[i] = KV[K, CoGrouped[V, W]]{keys[k], CoGrouped[V, W]{span(vs, atV, k), span(ws, atW, k)}}
			}
			return next.Push(batch)
		})
	})
}

// span gives the values of slot k, or nil; appending to them does not touch those of the next slot.
func span[V any](vals []V, offsets []int, k int) []V {
	lo, hi := offsets[k], offsets[k+1]
	if lo == hi {
		return nil
	}
	return vals[lo:hi:hi]
}

func runAll(in []Input, sinks ...any) error {
	for i, s := range sinks {
		if err := in[i].Run(s); err != nil {
			return err
		}
	}
	return nil
}

// CoGroup3 gives each key of three inputs with all its values of all.
type CoGroup3[K comparable, A, B, C any] struct{}

// Run implements Combine.
func (o *CoGroup3[K, A, B, C]) Run(t *Task, in []Input, out any) error {
	next, err := sinkOf[KV[K, CoGrouped3[A, B, C]]](out)
	if err != nil {
		return err
	}
	g, err := newGroups[K](t, holdFor(t), 0, newSide[K, A], newSide[K, B], newSide[K, C])
	if err != nil {
		return err
	}
	defer g.drop()
	if err := runAll(in, sinkFor[K, A](g, 0), sinkFor[K, B](g, 1), sinkFor[K, C](g, 2)); err != nil {
		return err
	}
	var batch []KV[K, CoGrouped3[A, B, C]]
	return g.finish(func(g *groups[K]) error {
		keys := g.table.keys
		atA, as := g.sides[0].(*side[K, A]).sorted(len(keys))
		atB, bs := g.sides[1].(*side[K, B]).sorted(len(keys))
		atC, cs := g.sides[2].(*side[K, C]).sorted(len(keys))
		return g.batches(unsafe.Sizeof(batch[0]), func(from, to int) error {
			batch = room(batch, to-from)
			for i := range batch {
				k := from + i
				batch[i] = KV[K, CoGrouped3[A, B, C]]{keys[k], CoGrouped3[A, B, C]{span(as, atA, k), span(bs, atB, k), span(cs, atC, k)}}
			}
			return next.Push(batch)
		})
	})
}
