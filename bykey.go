package kiln

import "github.com/kilnproject/kiln/internal/data/op"

// ReduceByKey brings the values of each key together with f, which must not care about order or grouping. Values are combined
// before the shuffle.
func ReduceByKey[K comparable, V any](d RDD[KV[K, V]], f func(V, V) V, o ...ShuffleOption) RDD[KV[K, V]] {
	return RDD[KV[K, V]]{handle{aggregateByKey("ReduceByKey", op.TypeOf[KV[K, V]](), d.n, o,
		op.Output(&op.ReduceWrite[K, V]{F: f}), op.Transform(&op.MergeByKey[K, V]{F: f}), op.Transform(&op.MergeByKey[K, V]{F: f}), byKey[K])}}
}

// FoldByKey brings zero and the values of each key together with f. The zero is taken once for each key and partition before the
// shuffle, so it must be neutral.
func FoldByKey[K comparable, V any](d RDD[KV[K, V]], zero V, f func(V, V) V, o ...ShuffleOption) RDD[KV[K, V]] {
	return RDD[KV[K, V]]{handle{foldByKey[K]("FoldByKey", d.n, zero, f, f, o)}}
}

// AggregateByKey brings zero and the values of each key together: values with add, what partitions give with merge. The zero is taken
// once for each key and partition before the shuffle, so it must be neutral.
func AggregateByKey[K comparable, V, A any](d RDD[KV[K, V]], zero A, add func(A, V) A, merge func(A, A) A, o ...ShuffleOption) RDD[KV[K, A]] {
	return RDD[KV[K, A]]{handle{foldByKey[K]("AggregateByKey", d.n, zero, add, merge, o)}}
}

func foldByKey[K comparable, V, A any](verb string, d *node, zero A, add func(A, V) A, merge func(A, A) A, o []ShuffleOption) *node {
	return aggregateByKey(verb, op.TypeOf[KV[K, A]](), d, o, op.Output(&op.AggregateWrite[K, V, A]{Zero: zero, Add: add}),
		op.Transform(&op.MergeByKey[K, A]{F: merge}), op.Transform(&op.AggregateByKey[K, V, A]{Zero: zero, Add: add, Merge: merge}), byKey[K])
}

// CombineByKey brings the values of each key together into another type: create begins with the first value of a key in a partition,
// add takes the others, merge brings partitions together.
func CombineByKey[K comparable, V, C any](d RDD[KV[K, V]], create func(V) C, add func(C, V) C, merge func(C, C) C, o ...ShuffleOption) RDD[KV[K, C]] {
	return RDD[KV[K, C]]{handle{aggregateByKey("CombineByKey", op.TypeOf[KV[K, C]](), d.n, o,
		op.Output(&op.CombineWrite[K, V, C]{Create: create, Merge: add}),
		op.Transform(&op.MergeByKey[K, C]{F: merge}), op.Transform(&op.CombineByKey[K, V, C]{Create: create, Merge: add, Combine: merge}), byKey[K])}}
}

// aggregateByKey is the shape of all of them: combine and write, shuffle, read and merge; or, where each key lies in one partition
// already, combine where it is.
func aggregateByKey(verb string, row rowType, d *node, o []ShuffleOption, write op.Output, merge, local op.Transform, lay func(*node, *keying) *node) *node {
	x := newExchange(verb, o, d)
	inPlace := narrow(verb, row, local, d)
	x.check(inPlace)
	inPlace.checkKey()
	k := x.target()
	if k.same(d.keyed) {
		return inPlace.keepsKeys()
	}
	if k.ranges != nil { // ranges are not written combined
		return narrow(verb, row, local, lay(d, k)).keepsKeys()
	}
	return narrow(verb, row, merge, shuffled(row, write, k, d)).keepsKeys()
}

// GroupByKey brings all values of each key together, in the order of their partitions and, within one, of their rows. The values of one
// key must fit into memory; where they are only to be summed up, ReduceByKey moves far less.
func GroupByKey[K comparable, V any](d RDD[KV[K, V]], o ...ShuffleOption) RDD[KV[K, []V]] {
	return groupByKey("GroupByKey", d, o)
}

func groupByKey[K comparable, V any](verb string, d RDD[KV[K, V]], o []ShuffleOption) RDD[KV[K, []V]] {
	x := newExchange(verb, o, d.n)
	return RDD[KV[K, []V]]{handle{x.above(op.TypeOf[KV[K, []V]](), op.Transform(&op.GroupByKey[K, V]{}), byKey[K])}}
}

// above makes the verb's node over its parent, laid out by key.
func (x *exchange) above(row rowType, o any, lay ...func(*node, *keying) *node) *node {
	for _, p := range x.parents {
		p.made(x.verb)
	}
	k := x.target()
	n := narrow(x.verb, row, o, x.parents...) // refuses at the user's line before anything is built
	x.check(n)
	n.checkKey()
	laid := make([]*node, len(x.parents))
	for i, p := range x.parents {
		laid[i] = lay[i](p, k)
	}
	return narrow(x.verb, row, o, laid...).keepsKeys()
}

// GroupBy brings all rows with the same key together.
func GroupBy[T any, K comparable](d RDD[T], key func(T) K, o ...ShuffleOption) RDD[KV[K, []T]] {
	keyed := RDD[KV[K, T]]{handle{narrow("GroupBy", op.TypeOf[KV[K, T]](), op.Transform(&op.KeyBy[T, K]{F: key}), d.n)}}
	return groupByKey("GroupBy", keyed, o)
}

// Distinct gives every row once.
func Distinct[T comparable](d RDD[T], o ...ShuffleOption) RDD[T] {
	units := narrow("Distinct", op.TypeOf[KV[T, struct{}]](), op.Transform(&op.Unit[T]{}), d.n)
	once := aggregateByKey("Distinct", units.row, units, o,
		op.Output(&op.ReduceWrite[T, struct{}]{F: op.Either}),
		op.Transform(&op.MergeByKey[T, struct{}]{F: op.Either}), op.Transform(&op.MergeByKey[T, struct{}]{F: op.Either}), byKey[T])
	return RDD[T]{handle{narrow("Distinct", op.TypeOf[T](), op.Transform(&op.Keys[T, struct{}]{}), once)}}
}
