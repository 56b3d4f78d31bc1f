package kiln

import (
	"cmp"
	"context"

	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/data/op"
)

// SortBy sorts rows by the key that f gives, over all partitions: rows of a partition are sorted, and no key of it is greater than
// one of the next. A sampling job belongs to the first action. Rows with equal keys come in no particular order.
func SortBy[T any, K cmp.Ordered](d RDD[T], f func(T) K, o ...ShuffleOption) RDD[T] {
	x := newExchange("SortBy", o, d.n)
	keys := narrow("SortBy", op.TypeOf[K](), op.Transform(&op.Map[T, K]{F: f}), d.n)
	x.checkSort(keys)
	r := rangesOf[K](keys)
	desc := x.descending
	read := x.sorted(op.TypeOf[T](), func(ctx context.Context, n int) (op.Output, error) {
		bounds, err := x.bounds(ctx, r, n)
		if err != nil {
			return nil, err
		}
		return &op.RangeWrite[T, K]{Key: f, Bounds: bounds.([]K), Descending: desc}, nil
	})
	return RDD[T]{handle{narrow("SortBy", op.TypeOf[T](), op.Transform(&op.SortRows[T, K]{Key: f, Descending: desc}), read)}}
}

// SortByKey sorts pairs by their keys, as SortBy does.
func SortByKey[K cmp.Ordered, V any](d RDD[KV[K, V]], o ...ShuffleOption) RDD[KV[K, V]] {
	x := newExchange("SortByKey", o, d.n)
	keys := narrow("SortByKey", op.TypeOf[K](), op.Transform(&op.Keys[K, V]{}), d.n)
	x.checkSort(keys)
	r := rangesOf[K](keys)
	desc := x.descending
	read := x.sorted(op.TypeOf[KV[K, V]](), func(ctx context.Context, n int) (op.Output, error) {
		bounds, err := x.bounds(ctx, r, n)
		if err != nil {
			return nil, err
		}
		return &op.PartitionWrite[K]{Rows: op.TypeOf[KV[K, V]](), Route: op.Route[K]{N: n, Bounds: bounds.([]K), Ranged: true, Descending: desc}}, nil
	})
	return RDD[KV[K, V]]{handle{narrow("SortByKey", op.TypeOf[KV[K, V]](), op.Transform(&op.SortPairs[K, V]{Descending: desc}), read)}}
}

// SortFunc sorts rows by compare, which must be a strict weak order. Rows that compare equal come in no particular order.
func SortFunc[T any](d RDD[T], compare func(a, b T) int, o ...ShuffleOption) RDD[T] {
	x := newExchange("SortFunc", o, d.n)
	sorter := &op.SortFunc[T]{Compare: compare, Descending: x.descending}
	local := narrow("SortFunc", op.TypeOf[T](), op.Transform(sorter), d.n)
	x.checkSort(local)
	if x.with != nil {
		local.refuse("the ranges of a partitioner have an order of their own, and not that of the comparison: use Partitions(n)")
	}
	desc, parent := x.descending, d.n
	read := x.sorted(op.TypeOf[T](), func(ctx context.Context, n int) (op.Output, error) {
		w := &op.RangeWriteFunc[T]{Compare: compare, Descending: desc}
		if n <= 1 {
			return w, nil
		}
		values, err := parent.sampled(ctx, op.Output(&op.Sample[T]{}), n)
		if err != nil {
			return nil, err
		}
		samples, err := samplesOf[T](values)
		if err != nil {
			return nil, err
		}
		order := compare
		if desc {
			order = func(a, b T) int { return compare(b, a) }
		}
		err = onDriver("SortFunc", local.site, func() { w.Bounds = op.BoundsFunc(samples, n, order) })
		return w, err
	})
	return RDD[T]{handle{narrow("SortFunc", op.TypeOf[T](), op.Transform(sorter), read)}}
}

// RepartitionAndSort lays pairs out by a partitioner and sorts each partition by key: less work than a full sort where only that is
// needed.
func RepartitionAndSort[K cmp.Ordered, V any](d RDD[KV[K, V]], p Partitioner) RDD[KV[K, V]] {
	laid := PartitionBy(d, p)
	return RDD[KV[K, V]]{handle{narrow("RepartitionAndSort", op.TypeOf[KV[K, V]](), op.Transform(&op.SortPairs[K, V]{}), laid.n).keepsKeys()}}
}

// checkSort refuses options at the verb's own node, whose rows are what it sorts by.
func (x *exchange) checkSort(n *node) {
	x.checkPartitions(n)
	if x.with == nil {
		return
	}
	if x.with.ranges == nil {
		n.refuse("a sort lays rows out by range: With(Hash(n)) cannot do that, use Partitions(n)")
	}
	x.checkRanges(n, op.Reflect(n.row))
}

// bounds gives the bounds of the asked partitioner, or those sampled for this sort.
func (x *exchange) bounds(ctx context.Context, r *ranges, n int) (any, error) {
	if x.with != nil && x.with.ranges != nil {
		r = x.with.ranges
	}
	return r.get(ctx, n)
}

// sorted makes the node that reads rows laid out by range; write is made when the bounds are known.
func (x *exchange) sorted(row rowType, write func(ctx context.Context, n int) (op.Output, error)) *node {
	parent := x.parents[0]
	n := parent.s.newNode(verbShuffle, row, parent)
	shuffle := n.s.nextShuffle()
	reading := n.encodeOp(op.Source(&op.ShuffleRead{Rows: row, Shuffle: shuffle}))
	n.count = x.keying().partitions
	n.resolve = func(ctx context.Context, n *node) (step, error) {
		count, err := n.partitions()
		if err != nil {
			return step{}, err
		}
		w, err := write(ctx, count)
		if err != nil {
			return step{}, err
		}
		return n.reads(parent, reading, &plan.Shuffle{ID: shuffle, Reduces: count, Write: n.encodeOp(w), Site: n.site}), nil
	}
	return n
}
