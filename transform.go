package kiln

import (
	"iter"

	"github.com/kilnproject/kiln/internal/data/op"
)

// TaskContext is what a function that sees whole partitions may know of the task that it runs in. It is that function's, and of its
// goroutines, while the task runs. Its methods:
//
//	Partition() int                          // the partition that the task computes, from zero
//	Stage() int                              // its stage; counts those of the application
//	StageAttempt() int                       // counts the submissions of the stage, from zero
//	TaskAttempt() int                        // counts the tries of the task in this stage attempt, from zero
//	TaskID() int64                           // of this try alone, in the application
//	Slots() int                              // of its executor: about how many goroutines of its own are worth while
//	Resources() map[string][]string          // the addresses that it has, as of "gpu"; see ResourceProfile
//	Property(key string) string              // "kiln.job.group", "kiln.job.description", "kiln.job.tags", "kiln.scheduler.pool"
//	Done() <-chan struct{}                   // closed when the task is killed: what runs long looks at it
//	OnCompletion(f func(*TaskContext))       // f runs when the task has ended, in whatever way; the last one registered first
//	OnFailure(f func(*TaskContext, error))   // f runs when the task has failed
//	Metrics()                                // what the task has counted so far
//
// and in a stage that [Barrier] makes:
//
//	Barrier() error                          // waits until every task of the stage has called it as often
//	AllGather(message string) ([]string, error) // the same, and what each said, by partition: at most 16 MiB together
//	Hosts() []string                         // the machines of the tasks, by partition; nil in any other stage
type TaskContext = op.TaskContext

// Fn is a functor: a struct whose method Apply is the function and whose fields are its environment. Unlike a function literal it
// may be instantiated inside generic code.
type Fn[T, U any] = op.Functor[T, U]

// Map gives f(row) for every row.
func Map[T, U any](d RDD[T], f func(T) U) RDD[U] {
	return RDD[U]{handle{narrow("Map", op.TypeOf[U](), op.Transform(&op.Map[T, U]{F: f}), d.n)}}
}

// MapWith is Map with an environment: env is encoded now and decoded afresh for every task.
func MapWith[E, T, U any](d RDD[T], env E, f func(E, T) U) RDD[U] {
	return RDD[U]{handle{narrow("MapWith", op.TypeOf[U](), op.Transform(&op.MapWith[E, T, U]{Env: env, F: f}), d.n)}}
}

// MapFn is Map with a functor, whose fields are its environment. Generic helpers use it where a literal would capture its types.
func MapFn[F Fn[T, U], T, U any](d RDD[T], fn F) RDD[U] {
	return RDD[U]{handle{narrow("MapFn", op.TypeOf[U](), op.Transform(&op.MapFn[F, T, U]{Fn: fn}), d.n)}}
}

// Filter keeps the rows for which f is true.
func Filter[T any](d RDD[T], f func(T) bool) RDD[T] {
	return RDD[T]{handle{narrow("Filter", op.TypeOf[T](), op.Transform(&op.Filter[T]{F: f}), d.n).keepsKeys()}}
}

// FilterWith is Filter with an environment.
func FilterWith[E, T any](d RDD[T], env E, f func(E, T) bool) RDD[T] {
	return RDD[T]{handle{narrow("FilterWith", op.TypeOf[T](), op.Transform(&op.FilterWith[E, T]{Env: env, F: f}), d.n).keepsKeys()}}
}

// FlatMap gives, for every row, the rows that f makes of it.
func FlatMap[T, U any](d RDD[T], f func(T) []U) RDD[U] {
	return RDD[U]{handle{narrow("FlatMap", op.TypeOf[U](), op.Transform(&op.FlatMap[T, U]{F: f}), d.n)}}
}

// FlatMapWith is FlatMap with an environment.
func FlatMapWith[E, T, U any](d RDD[T], env E, f func(E, T) []U) RDD[U] {
	return RDD[U]{handle{narrow("FlatMapWith", op.TypeOf[U](), op.Transform(&op.FlatMapWith[E, T, U]{Env: env, F: f}), d.n)}}
}

// FlatMapSeq is FlatMap over a sequence, of which only as much runs as is wanted. A nil sequence has no rows.
func FlatMapSeq[T, U any](d RDD[T], f func(T) iter.Seq[U]) RDD[U] {
	return RDD[U]{handle{narrow("FlatMapSeq", op.TypeOf[U](), op.Transform(&op.FlatMapSeq[T, U]{F: f}), d.n)}}
}

// FlatMapSeqWith is FlatMapSeq with an environment.
func FlatMapSeqWith[E, T, U any](d RDD[T], env E, f func(E, T) iter.Seq[U]) RDD[U] {
	return RDD[U]{handle{narrow("FlatMapSeqWith", op.TypeOf[U](), op.Transform(&op.FlatMapSeqWith[E, T, U]{Env: env, F: f}), d.n)}}
}

// KeyBy puts before every row the key that f gives for it.
func KeyBy[T any, K comparable](d RDD[T], f func(T) K) RDD[KV[K, T]] {
	return RDD[KV[K, T]]{handle{narrow("KeyBy", op.TypeOf[KV[K, T]](), op.Transform(&op.KeyBy[T, K]{F: f}), d.n)}}
}

// MapPartitions gives f the rows of one partition after another and takes the rows that it yields. The input can be ranged over
// once; an error that f yields fails the task. A nil sequence has no rows.
func MapPartitions[T, U any](d RDD[T], f func(*TaskContext, iter.Seq[T]) iter.Seq2[U, error]) RDD[U] {
	return RDD[U]{handle{narrow("MapPartitions", op.TypeOf[U](), op.Combine(&op.MapPartitions[T, U]{F: f}), d.n)}}
}

// MapPartitionsWith is MapPartitions with an environment.
func MapPartitionsWith[E, T, U any](d RDD[T], env E, f func(E, *TaskContext, iter.Seq[T]) iter.Seq2[U, error]) RDD[U] {
	return RDD[U]{handle{narrow("MapPartitionsWith", op.TypeOf[U](), op.Combine(&op.MapPartitionsWith[E, T, U]{Env: env, F: f}), d.n)}}
}

// MapBatches gives f a batch of rows and an empty slice to append its rows to. It is the fastest form, since the user's loop
// inlines: in and out are valid during the call only, and f must not change in.
func MapBatches[T, U any](d RDD[T], f func(in []T, out []U) []U) RDD[U] {
	return RDD[U]{handle{narrow("MapBatches", op.TypeOf[U](), op.Transform(&op.MapBatches[T, U]{F: f}), d.n)}}
}

// Glom makes one row of all rows of each partition, which must fit into memory.
func Glom[T any](d RDD[T]) RDD[[]T] {
	return RDD[[]T]{handle{narrow("Glom", op.TypeOf[[]T](), op.Transform(&op.Glom[T]{}), d.n)}}
}

// Keys gives the keys of pairs, repeated as they are.
func Keys[K, V any](d RDD[KV[K, V]]) RDD[K] {
	return RDD[K]{handle{narrow("Keys", op.TypeOf[K](), op.Transform(&op.Keys[K, V]{}), d.n)}}
}

// Values gives the values of pairs.
func Values[K, V any](d RDD[KV[K, V]]) RDD[V] {
	return RDD[V]{handle{narrow("Values", op.TypeOf[V](), op.Transform(&op.Values[K, V]{}), d.n)}}
}

// MapValues gives f(value) under every key. Keys stay in their partitions.
func MapValues[K, V, W any](d RDD[KV[K, V]], f func(V) W) RDD[KV[K, W]] {
	return RDD[KV[K, W]]{handle{narrow("MapValues", op.TypeOf[KV[K, W]](), op.Transform(&op.MapValues[K, V, W]{F: f}), d.n).keepsKeys()}}
}

// FlatMapValues gives, under every key, the values that f makes of its value. Keys stay in their partitions.
func FlatMapValues[K, V, W any](d RDD[KV[K, V]], f func(V) []W) RDD[KV[K, W]] {
	return RDD[KV[K, W]]{handle{narrow("FlatMapValues", op.TypeOf[KV[K, W]](), op.Transform(&op.FlatMapValues[K, V, W]{F: f}), d.n).keepsKeys()}}
}
