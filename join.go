package kiln

import (
	"context"

	"github.com/kilnproject/kiln/internal/data/op"
)

// Join pairs the values of a and b that have the same key: every one with every one.
func Join[K comparable, V, W any](a RDD[KV[K, V]], b RDD[KV[K, W]], o ...ShuffleOption) RDD[KV[K, Joined[V, W]]] {
	x := newExchange("Join", o, a.n, b.n)
	return RDD[KV[K, Joined[V, W]]]{handle{x.above(op.TypeOf[KV[K, Joined[V, W]]](), op.Combine(&op.Join[K, V, W]{}), byKey[K], byKey[K])}}
}

// LeftJoin is Join that also keeps values of a without a partner.
func LeftJoin[K comparable, V, W any](a RDD[KV[K, V]], b RDD[KV[K, W]], o ...ShuffleOption) RDD[KV[K, Joined[V, Maybe[W]]]] {
	x := newExchange("LeftJoin", o, a.n, b.n)
	return RDD[KV[K, Joined[V, Maybe[W]]]]{handle{x.above(op.TypeOf[KV[K, Joined[V, Maybe[W]]]](), op.Combine(&op.LeftJoin[K, V, W]{}), byKey[K], byKey[K])}}
}

// RightJoin is Join that also keeps values of b without a partner.
func RightJoin[K comparable, V, W any](a RDD[KV[K, V]], b RDD[KV[K, W]], o ...ShuffleOption) RDD[KV[K, Joined[Maybe[V], W]]] {
	x := newExchange("RightJoin", o, a.n, b.n)
	return RDD[KV[K, Joined[Maybe[V], W]]]{handle{x.above(op.TypeOf[KV[K, Joined[Maybe[V], W]]](), op.Combine(&op.RightJoin[K, V, W]{}), byKey[K], byKey[K])}}
}

// FullJoin is Join that also keeps values of both sides without a partner.
func FullJoin[K comparable, V, W any](a RDD[KV[K, V]], b RDD[KV[K, W]], o ...ShuffleOption) RDD[KV[K, Joined[Maybe[V], Maybe[W]]]] {
	x := newExchange("FullJoin", o, a.n, b.n)
	return RDD[KV[K, Joined[Maybe[V], Maybe[W]]]]{handle{x.above(op.TypeOf[KV[K, Joined[Maybe[V], Maybe[W]]]](), op.Combine(&op.FullJoin[K, V, W]{}), byKey[K], byKey[K])}}
}

// CoGroup brings all values of a and of b under each key together.
func CoGroup[K comparable, V, W any](a RDD[KV[K, V]], b RDD[KV[K, W]], o ...ShuffleOption) RDD[KV[K, CoGrouped[V, W]]] {
	return coGroup("CoGroup", a, b, o)
}

func coGroup[K comparable, V, W any](verb string, a RDD[KV[K, V]], b RDD[KV[K, W]], o []ShuffleOption) RDD[KV[K, CoGrouped[V, W]]] {
	x := newExchange(verb, o, a.n, b.n)
	return RDD[KV[K, CoGrouped[V, W]]]{handle{x.above(op.TypeOf[KV[K, CoGrouped[V, W]]](), op.Combine(&op.CoGroup[K, V, W]{}), byKey[K], byKey[K])}}
}

// CoGroup3 is CoGroup of three.
func CoGroup3[K comparable, A, B, C any](a RDD[KV[K, A]], b RDD[KV[K, B]], c RDD[KV[K, C]], o ...ShuffleOption) RDD[KV[K, CoGrouped3[A, B, C]]] {
	x := newExchange("CoGroup3", o, a.n, b.n, c.n)
	return RDD[KV[K, CoGrouped3[A, B, C]]]{handle{x.above(op.TypeOf[KV[K, CoGrouped3[A, B, C]]](), op.Combine(&op.CoGroup3[K, A, B, C]{}), byKey[K], byKey[K], byKey[K])}}
}

// SubtractByKey keeps the pairs of a whose key is not in b.
func SubtractByKey[K comparable, V, W any](a RDD[KV[K, V]], b RDD[KV[K, W]], o ...ShuffleOption) RDD[KV[K, V]] {
	return subtractByKey("SubtractByKey", a, b, o)
}

func subtractByKey[K comparable, V, W any](verb string, a RDD[KV[K, V]], b RDD[KV[K, W]], o []ShuffleOption) RDD[KV[K, V]] {
	x := newExchange(verb, o, a.n, b.n)
	return RDD[KV[K, V]]{handle{x.above(op.TypeOf[KV[K, V]](), op.Combine(&op.SubtractByKey[K, V, W]{}), byKey[K], byKey[K])}}
}

// Subtract keeps the rows of a that are not in b, as often as they are there.
func Subtract[T comparable](a, b RDD[T], o ...ShuffleOption) RDD[T] {
	left := RDD[KV[T, struct{}]]{handle{narrow("Subtract", op.TypeOf[KV[T, struct{}]](), op.Transform(&op.Unit[T]{}), a.n)}}
	right := RDD[KV[T, struct{}]]{handle{narrow("Subtract", op.TypeOf[KV[T, struct{}]](), op.Transform(&op.Unit[T]{}), b.n)}}
	return RDD[T]{handle{narrow("Subtract", op.TypeOf[T](), op.Transform(&op.Keys[T, struct{}]{}), subtractByKey("Subtract", left, right, o).n)}}
}

// Intersection gives every row that is in both, once.
func Intersection[T comparable](a, b RDD[T], o ...ShuffleOption) RDD[T] {
	left := RDD[KV[T, struct{}]]{handle{narrow("Intersection", op.TypeOf[KV[T, struct{}]](), op.Transform(&op.Unit[T]{}), a.n)}}
	right := RDD[KV[T, struct{}]]{handle{narrow("Intersection", op.TypeOf[KV[T, struct{}]](), op.Transform(&op.Unit[T]{}), b.n)}}
	met := coGroup("Intersection", left, right, o)
	return RDD[T]{handle{narrow("Intersection", op.TypeOf[T](), op.Transform(&op.InBoth[T]{}), met.n)}}
}

// Lookup gives the values of one key. Where the RDD is laid out by key, only the partition that may have it is computed.
func Lookup[K comparable, V any](ctx context.Context, d RDD[KV[K, V]], k K) ([]V, error) {
	found := narrow("Lookup", op.TypeOf[V](), op.Transform(&op.Find[K, V]{Key: k}), d.n)
	where, err := d.n.holding(func(partitions int) (int, error) { return op.PartitionOf(k, partitions) })
	if err != nil {
		return nil, err
	}
	r, err := found.collect(ctx, "Lookup", where)
	return op.RowsOf[V](r), err
}

// holding gives the partition that may have a key; all of them (nil) where the node is not laid out by a hash of its keys.
func (n *node) holding(partitionOf func(partitions int) (int, error)) ([]int32, error) {
	if n.keyed == nil || n.keyed.ranges != nil {
		return nil, nil
	}
	count, err := n.partitions()
	if err != nil {
		return nil, n.located(err)
	}
	p, err := partitionOf(count)
	if err != nil {
		return nil, n.located(err)
	}
	return []int32{int32(p)}, nil
}
