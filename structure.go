package kiln

import (
	"context"
	"fmt"
	"math"

	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/data/op"
)

// Union gives the rows of all RDDs, one after the other, in all their partitions. Nothing is removed or moved.
func Union[T any](a, b RDD[T], more ...RDD[T]) RDD[T] {
	parents := []*node{a.n, b.n}
	for _, d := range more {
		parents = append(parents, d.n)
	}
	return RDD[T]{handle{union(op.TypeOf[T](), op.Combine(&op.Concat{}), parents)}}
}

func union(row rowType, o op.Combine, parents []*node) *node {
	n := sessionOf(parents).newNode("Union", row, parents...)
	encoded := n.encodeOp(o)
	n.count = func() (int, error) {
		sum := 0
		for _, p := range parents {
			c, err := p.partitions()
			if err != nil {
				return 0, err
			}
			sum += c
		}
		if sum > MaxPartitions {
			return 0, fmt.Errorf("the union has %d partitions, more than %d: coalesce its parts first", sum, MaxPartitions)
		}
		return sum, nil
	}
	n.resolve = func(context.Context, *node) (step, error) {
		s, start := step{op: encoded}, 0
		for _, p := range parents {
			count, err := p.partitions()
			if err != nil {
				return s, err
			}
			s.deps = append(s.deps, plan.Dependency{Parent: p.laid, Map: plan.Mapping{Kind: plan.Range, Start: int32(start), Length: int32(count)}})
			start += count
		}
		return s, nil
	}
	return n
}

// Coalesce brings d into at most n partitions without a shuffle: each takes neighbouring input partitions, none of which is torn.
func Coalesce[T any](d RDD[T], n int) RDD[T] {
	return RDD[T]{handle{coalesce(op.TypeOf[T](), op.Combine(&op.Concat{}), d.n, n)}}
}

func coalesce(row rowType, o op.Combine, parent *node, want int) *node {
	n := sessionOf([]*node{parent}).newNode("Coalesce", row, parent)
	n.checkPartitions(want)
	encoded := n.encodeOp(o)
	n.count = func() (int, error) {
		c, err := parent.partitions()
		return min(c, want), err
	}
	n.resolve = func(context.Context, *node) (step, error) {
		from, err := parent.partitions()
		if err != nil {
			return step{}, err
		}
		to := min(from, want)
		sets := make([][]int32, to)
		for p := range sets {
			sets[p] = span(int(op.Share(int64(from), p, to)), int(op.Share(int64(from), p+1, to)))
		}
		return step{op: encoded, deps: []plan.Dependency{{Parent: parent.laid, Map: plan.Mapping{Kind: plan.Groups, Sets: sets}}}}, nil
	}
	return n
}

// Cartesian pairs every row of a with every row of b. A task holds one partition of b in memory.
func Cartesian[T, U any](a RDD[T], b RDD[U]) RDD[KV[T, U]] {
	return RDD[KV[T, U]]{handle{cartesian(op.TypeOf[KV[T, U]](), op.Combine(&op.Cartesian[T, U]{}), a.n, b.n)}}
}

func cartesian(row rowType, o op.Combine, a, b *node) *node {
	n := sessionOf([]*node{a}).newNode("Cartesian", row, a, b)
	encoded := n.encodeOp(o)
	n.count = func() (int, error) {
		x, err := a.partitions()
		if err != nil {
			return 0, err
		}
		y, err := b.partitions()
		if err == nil && x*y > MaxPartitions {
			err = fmt.Errorf("%d x %d partitions are more than %d: coalesce one side first", x, y, MaxPartitions)
		}
		return x * y, err
	}
	n.resolve = func(context.Context, *node) (step, error) {
		y, err := b.partitions()
		return step{op: encoded, deps: []plan.Dependency{
			{Parent: a.laid, Map: plan.Mapping{Kind: plan.Quotient, Length: int32(y)}},
			{Parent: b.laid, Map: plan.Mapping{Kind: plan.Remainder, Length: int32(y)}},
		}}, err
	}
	return n
}

// Zip pairs rows of a and b by position. Both must have the same number of partitions, and of rows in each: else the action fails.
func Zip[T, U any](a RDD[T], b RDD[U]) RDD[KV[T, U]] {
	return RDD[KV[T, U]]{handle{zip(op.TypeOf[KV[T, U]](), op.Combine(&op.Zip[T, U]{}), a.n, b.n)}}
}

func zip(row rowType, o op.Combine, a, b *node) *node {
	n := narrow("Zip", row, o, a, b)
	n.count = func() (int, error) {
		x, err := a.partitions()
		if err != nil {
			return 0, err
		}
		y, err := b.partitions()
		if err == nil && x != y {
			err = fmt.Errorf("Zip needs the same number of partitions on both sides, not %d and %d", x, y)
		}
		return x, err
	}
	return n
}

// ZipWithIndex numbers the rows from zero in partition order. With more than one partition a counting job belongs to the first action.
func ZipWithIndex[T any](d RDD[T]) RDD[KV[T, int64]] {
	n := narrow("ZipWithIndex", op.TypeOf[KV[T, int64]](), op.Transform(&op.Index[T]{Step: 1}), d.n)
	n.resolve = func(ctx context.Context, n *node) (step, error) {
		first, err := starts(ctx, d.n)
		return step{op: n.encodeOp(op.Transform(&op.Index[T]{First: first, Step: 1})), deps: []plan.Dependency{{Parent: d.n.laid}}}, err
	}
	return RDD[KV[T, int64]]{handle{n}}
}

// starts counts partitions and gives the number of the first row of each.
func starts(ctx context.Context, d *node) ([]int64, error) {
	count, err := d.partitions()
	if err != nil || count == 1 {
		return []int64{0}, err
	}
	values, err := d.gather(ctx, "ZipWithIndex", op.Output(&op.Count{}), span(0, count-1))
	if err != nil {
		return nil, err
	}
	counts, err := decodeAll[int64](values)
	first := make([]int64, 1, count)
	for i, c := range counts {
		first = append(first, first[i]+c)
	}
	return first, err
}

// ZipWithUniqueID gives every row a number that no other has: row i of partition p of n gets p + i*n. It runs no job.
func ZipWithUniqueID[T any](d RDD[T]) RDD[KV[T, int64]] {
	n := narrow("ZipWithUniqueID", op.TypeOf[KV[T, int64]](), op.Transform(&op.Index[T]{}), d.n)
	n.resolve = func(_ context.Context, n *node) (step, error) {
		count, err := d.n.partitions()
		return step{op: n.encodeOp(op.Transform(&op.Index[T]{Step: int64(count)})), deps: []plan.Dependency{{Parent: d.n.laid}}}, err
	}
	return RDD[KV[T, int64]]{handle{n}}
}

// Sample draws rows at random: each with probability fraction, or, with replacement, fraction times in the mean. The same seed draws
// the same rows of the same partitions.
func Sample[T any](d RDD[T], withReplacement bool, fraction float64, seed int64) RDD[T] {
	return RDD[T]{handle{d.n.sample(withReplacement, fraction, seed)}}
}

func (n *node) sample(withReplacement bool, fraction float64, seed int64) *node {
	o := &op.Draw{Rows: n.rowType(), Fraction: fraction, Replace: withReplacement, Seed: uint64(seed)}
	drawn := narrow("Sample", n.rowType(), op.Transform(o), n).keepsKeys()
	drawn.checkFraction(fraction, withReplacement)
	return drawn
}

func (n *node) checkFraction(f float64, withReplacement bool) {
	if !(f >= 0) || math.IsInf(f, 0) || (!withReplacement && f > 1) {
		n.refuse("a fraction of %v makes no sense: without replacement it lies between 0 and 1, with it it is not negative", f)
	}
}

// SampleByKey is Sample with a fraction for each key; rows of other keys are left out.
func SampleByKey[K comparable, V any](d RDD[KV[K, V]], withReplacement bool, fractions map[K]float64, seed int64) RDD[KV[K, V]] {
	o := &op.DrawByKey[K, V]{Fractions: fractions, Replace: withReplacement, Seed: uint64(seed)}
	n := narrow("SampleByKey", op.TypeOf[KV[K, V]](), op.Transform(o), d.n).keepsKeys()
	for _, f := range fractions {
		n.checkFraction(f, withReplacement)
	}
	return RDD[KV[K, V]]{handle{n}}
}

// RandomSplit cuts d at random into RDDs whose sizes are in proportion to weights. Together they have every row once.
func RandomSplit[T any](d RDD[T], weights []float64, seed int64) []RDD[T] {
	var sum, from float64
	for _, w := range weights {
		sum += w
	}
	if len(weights) == 0 {
		narrow("RandomSplit", d.n.row, op.Combine(&op.Concat{}), d.n).refuse("there are no weights: give one for each part")
	}
	parts := make([]RDD[T], len(weights))
	for i, w := range weights {
		o := &op.Draw{Rows: d.n.rowType(), Above: from / sum, Fraction: w / sum, Seed: uint64(seed)}
		if i == len(weights)-1 {
			o.Fraction = 1 // whatever rounding left over
		}
		n := narrow("RandomSplit", op.TypeOf[T](), op.Transform(o), d.n).keepsKeys()
		if !(w >= 0) || !(sum > 0) || math.IsInf(sum, 0) {
			n.refuse("weights %v: each must be finite and not negative, and one positive", weights)
		}
		parts[i] = RDD[T]{handle{n}}
		from += w
	}
	return parts
}
