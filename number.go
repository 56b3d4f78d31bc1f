package kiln

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/kilnproject/kiln/internal/data/op"
)

// Number is what Sum, Mean, Stats and NewSum work on.
type Number = op.Number

// Statistics describes numbers. The moments are those of the rows themselves, not an estimate from a sample.
type Statistics struct {
	Count    int64
	Sum      float64
	Mean     float64
	Variance float64 // mean squared distance from Mean
	Min, Max float64
}

// StdDev is the square root of the variance.
func (s Statistics) StdDev() float64 { return math.Sqrt(s.Variance) }

// Estimate is an approximate count.
type Estimate struct {
	Count     int64
	Low, High int64 // where the true count lies with the asked confidence
	Exact     bool
}

// Min gives the least row, in the order of cmp.Compare, or ErrEmpty.
func Min[T cmp.Ordered](ctx context.Context, d RDD[T]) (T, error) {
	return reduceOp(ctx, "Min", d.n, op.Output(&op.Extreme[T]{}), func(a, b T) bool { return cmp.Compare(b, a) < 0 })
}

// Max gives the greatest row, in the order of cmp.Compare, or ErrEmpty.
func Max[T cmp.Ordered](ctx context.Context, d RDD[T]) (T, error) {
	return reduceOp(ctx, "Max", d.n, op.Output(&op.Extreme[T]{Greatest: true}), func(a, b T) bool { return cmp.Compare(b, a) > 0 })
}

func reduceOp[T any](ctx context.Context, verb string, n *node, o op.Output, better func(a, b T) bool) (T, error) {
	var best Maybe[T]
	values, err := n.gather(ctx, verb, o, nil)
	if err != nil {
		return best.Value, err
	}
	parts, err := decodeAll[Maybe[T]](values)
	for _, p := range parts {
		if p.Ok && (!best.Ok || better(best.Value, p.Value)) {
			best = p
		}
	}
	if err == nil && !best.Ok {
		err = n.empty(verb)
	}
	return best.Value, err
}

// Sum gives the sum of all rows; of nothing it is 0.
func Sum[T Number](ctx context.Context, d RDD[T]) (T, error) {
	var sum T
	values, err := d.n.gather(ctx, "Sum", op.Output(&op.Sum[T]{}), nil)
	if err != nil {
		return sum, err
	}
	parts, err := decodeAll[T](values)
	for _, p := range parts {
		sum += p
	}
	return sum, err
}

// Mean gives the mean of all rows, or ErrEmpty.
func Mean[T Number](ctx context.Context, d RDD[T]) (float64, error) {
	s, err := stats(ctx, "Mean", d, &op.Moments[T]{})
	if err == nil && s.Count == 0 {
		err = d.n.empty("Mean")
	}
	return s.Mean, err
}

// Stats describes all rows in one pass. Of nothing it is the zero value.
func Stats[T Number](ctx context.Context, d RDD[T]) (Statistics, error) {
	return stats(ctx, "Stats", d, &op.Moments[T]{})
}

func stats[T Number](ctx context.Context, verb string, d RDD[T], o op.Output) (Statistics, error) {
	values, err := d.n.gather(ctx, verb, o, nil)
	if err != nil {
		return Statistics{}, err
	}
	parts, err := decodeAll[op.Moment](values)
	var all op.Moment
	for _, p := range parts {
		all = all.Merge(p)
	}
	if all.Count == 0 {
		return Statistics{}, err
	}
	return Statistics{
		Count: all.Count, Sum: all.Sum, Mean: all.Mean, Variance: all.M2 / float64(all.Count), Min: all.Min, Max: all.Max,
	}, err
}

// Histogram counts rows in buckets of equal width between the least and the greatest row. It gives buckets+1 bounds; every
// bucket holds what is not less than its lower and less than its upper bound, the last one also its upper bound. NaN is left
// out. It runs two jobs; of nothing it is ErrEmpty.
func Histogram[T Number](ctx context.Context, d RDD[T], buckets int) (bounds []float64, counts []int64, err error) {
	if buckets < 1 || buckets > 1<<20 {
		return nil, nil, locate("Histogram", userSite(), fmt.Errorf("a histogram needs between 1 and 1048576 buckets, not %d", buckets))
	}
	s, err := stats(ctx, "Histogram", d, &op.Moments[T]{Numbers: true})
	if err != nil {
		return nil, nil, err
	}
	if s.Count == 0 {
		return nil, nil, d.n.empty("Histogram")
	}
	if math.IsInf(s.Min, 0) || math.IsInf(s.Max, 0) {
		return nil, nil, locate("Histogram", userSite(), fmt.Errorf("a histogram needs finite numbers, these lie between %v and %v", s.Min, s.Max))
	}
	o := &op.Buckets[T]{Min: s.Min, Max: s.Max, N: buckets}
	bounds = make([]float64, buckets+1)
	for i := range bounds {
		bounds[i] = o.Bound(i)
	}
	values, err := d.n.gather(ctx, "Histogram", op.Output(o), nil)
	if err != nil {
		return nil, nil, err
	}
	parts, err := decodeAll[[]int64](values)
	counts = make([]int64, buckets)
	for _, p := range parts {
		for i := range p {
			counts[i] += p[i]
		}
	}
	return bounds, counts, err
}

// CountApprox counts for at most timeout and then estimates from the partitions that are done, as if the others were like
// them. Confidence, between 0 and 1, says how sure the bounds are. With nothing done in time the estimate is 0 to the greatest int64.
func (d handle) CountApprox(ctx context.Context, timeout time.Duration, confidence float64) (Estimate, error) {
	return d.n.countApprox(ctx, timeout, confidence)
}

func (n *node) countApprox(ctx context.Context, timeout time.Duration, confidence float64) (Estimate, error) {
	n.made("CountApprox")
	if !(confidence > 0 && confidence < 1) {
		return Estimate{}, locate("CountApprox", userSite(), fmt.Errorf("the confidence must lie between 0 and 1, not be %v", confidence))
	}
	if _, err := n.layOut(ctx); err != nil {
		return Estimate{}, jobError(err)
	}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errTimeUp)
	defer cancel()
	done, err := n.partial(limited, "CountApprox", op.Output(&op.Count{}))
	if err != nil && context.Cause(limited) != errTimeUp {
		return Estimate{}, err
	}
	total, err := n.partitions()
	if err != nil {
		return Estimate{}, n.located(err)
	}
	counts, err := decodeAll[int64](done)
	return estimate(counts, total, confidence), err
}

func estimate(counts []int64, total int, confidence float64) Estimate {
	n := len(counts)
	var sum float64
	for _, c := range counts {
		sum += float64(c)
	}
	if n == total {
		return Estimate{Count: int64(sum), Low: int64(sum), High: int64(sum), Exact: true}
	}
	if n == 0 {
		return Estimate{High: math.MaxInt64}
	}
	mean := sum / float64(n)
	var squares float64
	for _, c := range counts {
		squares += (float64(c) - mean) * (float64(c) - mean)
	}
	// The unseen partitions: normal error of their sum, from the spread of those that were seen.
	spread := math.Sqrt(squares / float64(max(n-1, 1)))
	rest := float64(total - n)
	margin := normalQuantile(0.5+confidence/2) * spread * math.Sqrt(rest*float64(total)/float64(n))
	guess := sum + mean*rest
	return Estimate{Count: int64(guess), Low: int64(max(sum, guess-margin)), High: int64(guess + margin)}
}

// normalQuantile is the inverse of the normal distribution.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// CountByKey gives how often each key occurs. The distinct keys must fit into the driver's memory.
func CountByKey[K comparable, V any](ctx context.Context, d RDD[KV[K, V]]) (map[K]int64, error) {
	ones := narrow("CountByKey", op.TypeOf[KV[K, int64]](), op.Transform(&op.Ones[K, V]{}), d.n)
	rows, err := ReduceByKey(RDD[KV[K, int64]]{handle{ones}}, op.Plus).Collect(ctx)
	if err != nil {
		return nil, err
	}
	counts := make(map[K]int64, len(rows))
	for _, r := range rows {
		counts[r.Key] = r.Value
	}
	return counts, nil
}

// CountByValue gives how often each row occurs. The distinct rows must fit into the driver's memory.
func CountByValue[T comparable](ctx context.Context, d RDD[T]) (map[T]int64, error) {
	units := RDD[KV[T, struct{}]]{handle{narrow("CountByValue", op.TypeOf[KV[T, struct{}]](), op.Transform(&op.Unit[T]{}), d.n)}}
	return CountByKey(ctx, units)
}

// CountDistinctApprox estimates the number of distinct rows, with a standard error of about 1.6 percent, by a HyperLogLog sketch of
// 4096 registers for each partition (Flajolet et al., 2007).
func CountDistinctApprox[T comparable](ctx context.Context, d RDD[T]) (int64, error) {
	values, err := d.n.gather(ctx, "CountDistinctApprox", op.Output(&op.Distinct[T]{}), nil)
	if err != nil {
		return 0, err
	}
	parts, err := decodeAll[[]uint8](values)
	var all []uint8
	for _, p := range parts {
		all = op.MergeSketch(all, p)
	}
	return op.SketchCount(all), err
}

// TreeAggregate is Aggregate with merging in the tasks: with many partitions or large values the driver merges a few only.
func TreeAggregate[T, A any](ctx context.Context, d RDD[T], zero A, add func(A, T) A, merge func(A, A) A) (A, error) {
	partial := narrow("TreeAggregate", op.TypeOf[A](), op.Transform(&op.Partial[T, A]{Zero: zero, Add: add}), d.n)
	few, err := branch(partial, op.Output(&op.ScatterWrite{Rows: op.TypeOf[A]()}))
	if err != nil {
		return zero, err
	}
	return aggregate(ctx, "TreeAggregate", few, zero, merge, merge)
}

// TreeReduce is Reduce with merging in the tasks.
func TreeReduce[T any](ctx context.Context, d RDD[T], f func(T, T) T) (T, error) {
	partial := narrow("TreeReduce", op.TypeOf[T](), op.Transform(&op.Some[T]{F: f}), d.n)
	few, err := branch(partial, op.Output(&op.ScatterWrite{Rows: op.TypeOf[T]()}))
	if err != nil {
		var none T
		return none, err
	}
	r, err := few.reduce(ctx, "TreeReduce", &op.Calls[T]{Merge: f})
	return rowOf[T](r), err
}

// branch brings one row for each partition into about the square root as many partitions, where that saves the driver work.
func branch(n *node, write op.Output) (*node, error) {
	count, err := n.partitions()
	if err != nil {
		return nil, n.located(err)
	}
	if count < 8 {
		return n, nil
	}
	few := 1 << (bits.Len(uint(count)) / 2)
	b := shuffled(n.row, write, &keying{partitions: func() (int, error) { return few, nil }}, n)
	b.keyed = nil
	return b, nil
}
