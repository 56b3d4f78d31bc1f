package kiln

import (
	"context"
	"iter"
	"math/rand/v2"

	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/op"
)

// Collect gives all rows, in partition order. They must fit into the driver's memory and kiln.driver.maxResultSize.
//
//go:noinline
func (d RDD[T]) Collect(ctx context.Context) ([]T, error) {
	r, err := d.n.collect(ctx, "Collect", nil)
	return op.RowsOf[T](r), err
}

// rowOf gives the first row, if there is one.
//
//go:noinline
func rowOf[T any](r op.Rows) (row T) {
	if rows := op.RowsOf[T](r); len(rows) > 0 {
		row = rows[0]
	}
	return row
}

// collect brings the rows of the given partitions (nil: all) to the driver, in order.
func (n *node) collect(ctx context.Context, verb string, partitions []int32) (op.Rows, error) {
	values, err := n.gather(ctx, verb, op.Output(&op.Collect{Rows: n.rowType()}), partitions)
	return n.decode(n.rowType(), values, err)
}

// decode gives the rows that tasks answered with, unless an error came instead.
func (n *node) decode(row rowType, values [][]byte, err error) (op.Rows, error) {
	if err != nil {
		return op.Rows{}, err
	}
	r, err := op.DecodeRows(row, values)
	if err != nil {
		return op.Rows{}, n.located(err)
	}
	return r, nil
}

// Seq gives all rows, partition after partition, with one job for each: memory is bounded by the largest partition. It stops
// early when the loop breaks, and holds no slot while the loop's body runs. An error is given once and is the last pair.
//
//go:noinline
//go:noinline
func (d RDD[T]) Seq(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		s := d.n.partitionwise(ctx, "Seq")
		for s.next() {
			for _, row := range op.RowsOf[T](s.rows) {
				if !yield(row, nil) {
					return
				}
			}
		}
		if s.err != nil {
			var none T
			yield(none, s.err)
		}
	}
}

// partitionwise goes through the rows of a node with one job for each partition.
type partitionwise struct {
	ctx       context.Context
	n         *node
	verb      string
	at, count int
	rows      op.Rows
	err       error
}

func (n *node) partitionwise(ctx context.Context, verb string) *partitionwise {
	n.made(verb)
	s := &partitionwise{ctx: ctx, n: n, verb: verb}
	s.count, s.err = n.laidOut(ctx)
	return s
}

// next brings the rows of the next partition. It is false at the end and after an error.
func (s *partitionwise) next() bool {
	if s.err != nil || s.at == s.count {
		return false
	}
	s.rows, s.err = s.n.collect(s.ctx, s.verb, []int32{int32(s.at)})
	s.at++
	return s.err == nil
}

// laidOut lays the node out and gives its number of partitions.
func (n *node) laidOut(ctx context.Context) (int, error) {
	if _, err := n.layOut(ctx); err != nil {
		return 0, jobError(err)
	}
	count, err := n.partitions()
	if err != nil {
		return 0, n.located(err)
	}
	return count, nil
}

// Count gives the number of rows.
func (d handle) Count(ctx context.Context) (int64, error) { return d.n.countRows(ctx) }

func (n *node) countRows(ctx context.Context) (int64, error) {
	values, err := n.gather(ctx, "Count", op.Output(&op.Count{}), nil)
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
//
//go:noinline
func (d RDD[T]) First(ctx context.Context) (T, error) {
	r, err := d.n.first(ctx)
	return rowOf[T](r), err
}

func (n *node) first(ctx context.Context) (op.Rows, error) {
	r, err := n.take(ctx, "First", 1)
	return r, n.unlessEmpty(r, "First", err)
}

// IsEmpty reports whether there is no row. It computes only as many partitions as it needs.
func (d handle) IsEmpty(ctx context.Context) (bool, error) {
	r, err := d.n.take(ctx, "IsEmpty", 1)
	return err == nil && r.Len() == 0, err
}

// Take gives the first n rows, fewer where there are fewer. It computes the first partition, and then ever more at once
// (four times as many, as Spark does) until it has enough.
//
//go:noinline
func (d RDD[T]) Take(ctx context.Context, n int) ([]T, error) {
	r, err := d.n.take(ctx, "Take", n)
	return op.RowsOf[T](r), err
}

func (n *node) take(ctx context.Context, verb string, want int) (op.Rows, error) {
	n.made(verb)
	var r op.Rows
	if want <= 0 {
		return r, nil
	}
	count, err := n.laidOut(ctx)
	if err != nil {
		return r, err
	}
	limited := narrow(verb, n.row, op.Transform(&op.Limit{Rows: n.row, N: int64(want)}), n)
	for from, width := 0, 1; from < count && r.Len() < want; from, width = from+width, width*4 {
		more, err := limited.collect(ctx, verb, span(from, min(from+width, count)))
		if err != nil {
			return op.Rows{}, err
		}
		r.Add(more)
	}
	r.Cut(want)
	return r, nil
}

func span(from, to int) []int32 {
	s := make([]int32, 0, to-from)
	for p := from; p < to; p++ {
		s = append(s, int32(p))
	}
	return s
}

// Top gives the n greatest rows by compare, greatest first. Each partition sends its n greatest only.
//
//go:noinline
func (d RDD[T]) Top(ctx context.Context, n int, compare func(a, b T) int) ([]T, error) {
	r, err := d.n.best(ctx, "Top", n, false, &op.Calls[T]{Compare: compare})
	return op.RowsOf[T](r), err
}

// TakeOrdered gives the n least rows by compare, least first.
//
//go:noinline
func (d RDD[T]) TakeOrdered(ctx context.Context, n int, compare func(a, b T) int) ([]T, error) {
	r, err := d.n.best(ctx, "TakeOrdered", n, true, &op.Calls[T]{Compare: compare})
	return op.RowsOf[T](r), err
}

// best gives the greatest rows, greatest first, or the least.
func (n *node) best(ctx context.Context, verb string, want int, least bool, call op.Caller) (op.Rows, error) {
	o := &op.Top{N: want, Least: least, Call: call}
	if want <= 0 {
		return op.Rows{}, nil
	}
	r, err := n.answers(ctx, verb, o, n.rowType())
	if err != nil {
		return op.Rows{}, err
	}
	err = onDriver(verb, userSite(), func() { o.Of(&r) })
	return r, err
}

// Reduce brings all rows together with f, which must not care about order or grouping, or gives ErrEmpty.
//
//go:noinline
func (d RDD[T]) Reduce(ctx context.Context, f func(T, T) T) (T, error) {
	r, err := d.n.reduce(ctx, "Reduce", &op.Calls[T]{Merge: f})
	return rowOf[T](r), err
}

// Fold brings zero and all rows together with f. The zero is taken once for each partition and once more, so it must be neutral.
//
//go:noinline
func (d RDD[T]) Fold(ctx context.Context, zero T, f func(T, T) T) (T, error) {
	r, err := d.n.reduce(ctx, "Fold", &op.Calls[T]{Merge: f, Zero: []T{zero}})
	return rowOf[T](r), err
}

// reduce brings all rows together.
func (n *node) reduce(ctx context.Context, verb string, call op.Caller) (op.Rows, error) {
	o := &op.Reduce{Call: call}
	r, err := n.answers(ctx, verb, o, n.rowType())
	if err != nil {
		return op.Rows{}, err
	}
	if err := onDriver(verb, userSite(), func() { r = o.Of(r) }); err != nil {
		return op.Rows{}, err
	}
	return r, n.unlessEmpty(r, verb, nil)
}

// answers gives the rows that an output answers with, of all partitions.
func (n *node) answers(ctx context.Context, verb string, o op.Output, row rowType) (op.Rows, error) {
	values, err := n.gather(ctx, verb, o, nil)
	return n.decode(row, values, err)
}

// unlessEmpty is err, or ErrEmpty where there are no rows.
func (n *node) unlessEmpty(r op.Rows, verb string, err error) error {
	if err == nil && r.Len() == 0 {
		err = n.empty(verb)
	}
	return err
}

// Aggregate brings zero and all rows together: rows of a partition with add, what partitions give with merge. The zero is taken once
// for each partition and once more, so it must be neutral.
func Aggregate[T, A any](ctx context.Context, d RDD[T], zero A, add func(A, T) A, merge func(A, A) A) (A, error) {
	return aggregate(ctx, "Aggregate", d.n, zero, add, merge)
}

func aggregate[T, A any](ctx context.Context, verb string, n *node, zero A, add func(A, T) A, merge func(A, A) A) (A, error) {
	sum := zero
	r, err := n.answers(ctx, verb, &op.Aggregate[T, A]{Zero: zero, Add: add}, op.TypeOf[A]())
	if err != nil {
		return sum, err
	}
	err = onDriver(verb, userSite(), func() {
		for _, p := range op.RowsOf[A](r) {
			sum = merge(sum, p)
		}
	})
	return sum, err
}

// ForEach calls f for every row, in the tasks. A task that is tried again calls it again.
//
//go:noinline
func (d RDD[T]) ForEach(ctx context.Context, f func(T)) error {
	return d.n.forEach(ctx, &op.Calls[T]{Each: f})
}

func (n *node) forEach(ctx context.Context, call op.Caller) error {
	return n.do(ctx, "ForEach", &op.ForEach{Call: call})
}

// ForEachWith is ForEach with an environment.
func ForEachWith[E, T any](ctx context.Context, d RDD[T], env E, f func(E, T)) error {
	return d.n.do(ctx, "ForEachWith", op.Output(&op.ForEachWith[E, T]{Env: env, F: f}))
}

// ForEachPartition gives f the rows of each partition, in the tasks.
//
//go:noinline
func (d RDD[T]) ForEachPartition(ctx context.Context, f func(*TaskContext, iter.Seq[T]) error) error {
	return d.n.forEachPartition(ctx, &op.Calls[T]{Visit: f})
}

func (n *node) forEachPartition(ctx context.Context, call op.Caller) error {
	return n.eachPartition(ctx, "ForEachPartition", &op.EachPartition{Call: call})
}

// ForEachPartitionWith is ForEachPartition with an environment.
func ForEachPartitionWith[E, T any](ctx context.Context, d RDD[T], env E, f func(E, *TaskContext, iter.Seq[T]) error) error {
	return d.n.eachPartition(ctx, "ForEachPartitionWith", op.Combine(&op.EachPartitionWith[E, T]{Env: env, F: f}))
}

// eachPartition runs a job for the effects of an operator.
func (n *node) eachPartition(ctx context.Context, verb string, o op.Combine) error {
	return narrow(verb, n.rowType(), o, n).do(ctx, verb, op.Output(&op.Discard{}))
}

// do runs a job for its effects.
func (n *node) do(ctx context.Context, verb string, o op.Output) error {
	_, err := n.gather(ctx, verb, o, nil)
	return err
}

// TakeSample gives n random rows, or all where there are fewer and none may repeat. The same seed gives the same rows.
//
//go:noinline
func (d RDD[T]) TakeSample(ctx context.Context, withReplacement bool, n int, seed int64) ([]T, error) {
	r, err := d.n.takeSample(ctx, withReplacement, n, seed)
	return op.RowsOf[T](r), err
}

func (n *node) takeSample(ctx context.Context, withReplacement bool, want int, seed int64) (op.Rows, error) {
	if want <= 0 {
		return op.Rows{}, nil
	}
	count, err := n.countRows(ctx)
	if err != nil || count == 0 {
		return op.Rows{}, err
	}
	chance := rand.New(rand.NewPCG(uint64(seed), 0x6b696c6e))
	if withReplacement || int64(want) < count {
		// A little more than is needed in the mean, and again with more where chance gave too few.
		for fraction := 1.2*float64(want)/float64(count) + 20/float64(count); ; fraction *= 2 {
			if !withReplacement && fraction >= 1 {
				break
			}
			r, err := n.sample(withReplacement, fraction, int64(chance.Uint64()>>1)).collect(ctx, "Collect", nil)
			if err != nil {
				return op.Rows{}, err
			}
			if r.Len() >= want {
				r.Shuffle(chance.Shuffle)
				r.Cut(want)
				return r, nil
			}
		}
	}
	r, err := n.collect(ctx, "Collect", nil)
	r.Shuffle(chance.Shuffle)
	r.Cut(want)
	return r, err
}
