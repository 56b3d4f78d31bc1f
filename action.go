package kiln

import (
	"context"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/op"
)

// Collect gives all rows, in partition order. They must fit into the driver's memory and kiln.driver.maxResultSize.
func (d RDD[T]) Collect(ctx context.Context) ([]T, error) {
	return collect[T](ctx, "Collect", d.n, nil)
}

// collect brings the rows of the given partitions (nil: all) to the driver, in order.
func collect[T any](ctx context.Context, verb string, n *node, partitions []int32) ([]T, error) {
	values, err := n.gather(ctx, verb, op.Output(&op.Collect[T]{}), partitions)
	if err != nil {
		return nil, err
	}
	var rows []T
	for _, v := range values {
		if rows, err = op.DecodeRows(v, rows); err != nil {
			return nil, n.located(err)
		}
	}
	return rows, nil
}

// Seq gives all rows, partition after partition, with one job for each: memory is bounded by the largest partition. It stops
// early when the loop breaks, and holds no slot while the loop's body runs. An error is given once and is the last pair.
func (d RDD[T]) Seq(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if _, err := d.n.layOut(ctx); err != nil {
			yield(none, jobError(err))
			return
		}
		count, err := d.n.partitions()
		if err != nil {
			yield(none, d.n.located(err))
			return
		}
		for p := range count {
			rows, err := collect[T](ctx, "Seq", d.n, []int32{int32(p)})
			if err != nil {
				yield(none, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// Count gives the number of rows.
func (d RDD[T]) Count(ctx context.Context) (int64, error) {
	values, err := d.n.gather(ctx, "Count", op.Output(&op.Count[T]{}), nil)
	if err != nil {
		return 0, err
	}
	counts, err := decodeAll[int64](values)
	var sum int64
	for _, c := range counts {
		sum += c
	}
	return sum, err
}

// decodeAll decodes one value for each partition.
func decodeAll[A any](values [][]byte) ([]A, error) {
	all := make([]A, len(values))
	for i, v := range values {
		var err error
		if all[i], err = codec.DecodeValue[A](nil, v); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// First gives the first row, or ErrEmpty. It computes only as many partitions as it needs.
func (d RDD[T]) First(ctx context.Context) (T, error) {
	rows, err := d.take(ctx, "First", 1)
	if err != nil || len(rows) == 0 {
		var none T
		if err == nil {
			err = d.n.empty("First")
		}
		return none, err
	}
	return rows[0], nil
}

// IsEmpty reports whether there is no row. It computes only as many partitions as it needs.
func (d RDD[T]) IsEmpty(ctx context.Context) (bool, error) {
	rows, err := d.take(ctx, "IsEmpty", 1)
	return err == nil && len(rows) == 0, err
}

// Take gives the first n rows, fewer where there are fewer. It computes the first partition, and then ever more at once
// (four times as many, as Spark does) until it has enough.
func (d RDD[T]) Take(ctx context.Context, n int) ([]T, error) { return d.take(ctx, "Take", n) }

func (d RDD[T]) take(ctx context.Context, verb string, n int) ([]T, error) {
	if n <= 0 {
		return nil, nil
	}
	if _, err := d.n.layOut(ctx); err != nil {
		return nil, jobError(err)
	}
	count, err := d.n.partitions()
	if err != nil {
		return nil, d.n.located(err)
	}
	limited := narrow(verb, typeOf[T](), op.Transform(&op.Limit[T]{N: int64(n)}), d.n)
	var rows []T
	for from, width := 0, 1; from < count && len(rows) < n; from, width = from+width, width*4 {
		more, err := collect[T](ctx, verb, limited, span(from, min(from+width, count)))
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows[:min(n, len(rows))], nil
}

func span(from, to int) []int32 {
	s := make([]int32, 0, to-from)
	for p := from; p < to; p++ {
		s = append(s, int32(p))
	}
	return s
}

// Top gives the n greatest rows by compare, greatest first. Each partition sends its n greatest only.
func (d RDD[T]) Top(ctx context.Context, n int, compare func(a, b T) int) ([]T, error) {
	return d.top(ctx, "Top", n, false, compare)
}

// TakeOrdered gives the n least rows by compare, least first.
func (d RDD[T]) TakeOrdered(ctx context.Context, n int, compare func(a, b T) int) ([]T, error) {
	return d.top(ctx, "TakeOrdered", n, true, compare)
}

func (d RDD[T]) top(ctx context.Context, verb string, n int, least bool, compare func(a, b T) int) ([]T, error) {
	if n <= 0 {
		return nil, nil
	}
	values, err := d.n.gather(ctx, verb, op.Output(&op.Top[T]{N: n, Least: least, Compare: compare}), nil)
	if err != nil {
		return nil, err
	}
	var rows []T
	for _, v := range values {
		if rows, err = op.DecodeRows(v, rows); err != nil {
			return nil, d.n.located(err)
		}
	}
	slices.SortStableFunc(rows, func(a, b T) int {
		if least {
			return compare(a, b)
		}
		return compare(b, a)
	})
	return rows[:min(n, len(rows))], nil
}

// Reduce brings all rows together with f, which must not care about order or grouping, or gives ErrEmpty.
func (d RDD[T]) Reduce(ctx context.Context, f func(T, T) T) (T, error) {
	return reduce(ctx, "Reduce", d, f)
}

func reduce[T any](ctx context.Context, verb string, d RDD[T], f func(T, T) T) (T, error) {
	var sum Maybe[T]
	values, err := d.n.gather(ctx, verb, op.Output(&op.Reduce[T]{F: f}), nil)
	if err != nil {
		return sum.Value, err
	}
	parts, err := decodeAll[Maybe[T]](values)
	if err != nil {
		return sum.Value, err
	}
	for _, p := range parts {
		switch {
		case p.Ok && sum.Ok:
			sum.Value = f(sum.Value, p.Value)
		case p.Ok:
			sum = p
		}
	}
	if !sum.Ok {
		return sum.Value, d.n.empty(verb)
	}
	return sum.Value, nil
}

// Fold brings zero and all rows together with f. The zero is taken once for each partition and once more, so it must be neutral.
func (d RDD[T]) Fold(ctx context.Context, zero T, f func(T, T) T) (T, error) {
	return aggregate(ctx, "Fold", d.n, zero, f, f)
}

// Aggregate brings zero and all rows together: rows of a partition with add, what partitions give with merge. The zero is taken once
// for each partition and once more, so it must be neutral.
func Aggregate[T, A any](ctx context.Context, d RDD[T], zero A, add func(A, T) A, merge func(A, A) A) (A, error) {
	return aggregate(ctx, "Aggregate", d.n, zero, add, merge)
}

func aggregate[T, A any](ctx context.Context, verb string, n *node, zero A, add func(A, T) A, merge func(A, A) A) (A, error) {
	values, err := n.gather(ctx, verb, op.Output(&op.Aggregate[T, A]{Zero: zero, Add: add}), nil)
	if err != nil {
		return zero, err
	}
	parts, err := decodeAll[A](values)
	if err != nil {
		return zero, err
	}
	sum := zero
	for _, p := range parts {
		sum = merge(sum, p)
	}
	return sum, nil
}

// ForEach calls f for every row, in the tasks. A task that is tried again calls it again.
func (d RDD[T]) ForEach(ctx context.Context, f func(T)) error {
	_, err := d.n.gather(ctx, "ForEach", op.Output(&op.ForEach[T]{F: f}), nil)
	return err
}

// ForEachWith is ForEach with an environment.
func ForEachWith[E, T any](ctx context.Context, d RDD[T], env E, f func(E, T)) error {
	_, err := d.n.gather(ctx, "ForEachWith", op.Output(&op.ForEachWith[E, T]{Env: env, F: f}), nil)
	return err
}

// ForEachPartition gives f the rows of each partition, in the tasks.
func (d RDD[T]) ForEachPartition(ctx context.Context, f func(*TaskContext, iter.Seq[T]) error) error {
	return runEach[T](ctx, narrow("ForEachPartition", typeOf[T](), op.Combine(&op.EachPartition[T]{F: f}), d.n))
}

// ForEachPartitionWith is ForEachPartition with an environment.
func ForEachPartitionWith[E, T any](ctx context.Context, d RDD[T], env E, f func(E, *TaskContext, iter.Seq[T]) error) error {
	return runEach[T](ctx, narrow("ForEachPartitionWith", typeOf[T](), op.Combine(&op.EachPartitionWith[E, T]{Env: env, F: f}), d.n))
}

func runEach[T any](ctx context.Context, n *node) error {
	_, err := n.gather(ctx, n.verb, op.Output(&op.Discard[T]{}), nil)
	return err
}

// TakeSample gives n random rows, or all where there are fewer and none may repeat. The same seed gives the same rows.
func (d RDD[T]) TakeSample(ctx context.Context, withReplacement bool, n int, seed int64) ([]T, error) {
	if n <= 0 {
		return nil, nil
	}
	count, err := d.Count(ctx)
	if err != nil || count == 0 {
		return nil, err
	}
	chance := rand.New(rand.NewPCG(uint64(seed), 0x6b696c6e))
	if withReplacement || int64(n) < count {
		// A little more than is needed in the mean, and again with more where chance gave too few.
		for fraction := 1.2*float64(n)/float64(count) + 20/float64(count); ; fraction *= 2 {
			if !withReplacement && fraction >= 1 {
				break
			}
			rows, err := Sample(d, withReplacement, fraction, int64(chance.Uint64()>>1)).Collect(ctx)
			if err != nil {
				return nil, err
			}
			if len(rows) >= n {
				chance.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
				return rows[:n], nil
			}
		}
	}
	rows, err := d.Collect(ctx)
	chance.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows[:min(n, len(rows))], err
}
