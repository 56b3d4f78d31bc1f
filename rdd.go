package kiln

import (
	"context"

	"github.com/kilnproject/kiln/internal/data/op"
)

// RDD is a partitioned collection of rows of type T that is not there yet: a description of how to compute it. It is a small
// handle; copy it freely and use it from any goroutine. The package functions that take RDDs and give one only build; whatever
// takes a context runs a job.
type RDD[T any] struct{ handle }

// handle has the methods of an RDD that do not say T: they are compiled once, and not for each type of rows.
type handle struct{ n *node }

// KV is a key with its value, in fields Key and Value: the row type of every verb that works by key.
type KV[K, V any] = op.KV[K, V]

// Joined is a pair of values that met under one key, in fields Left and Right.
type Joined[L, R any] = op.Joined[L, R]

// CoGrouped is all values of two RDDs under one key, in slices Left and Right.
type CoGrouped[L, R any] = op.CoGrouped[L, R]

// CoGrouped3 is all values of three RDDs under one key, in slices First, Second and Third.
type CoGrouped3[A, B, C any] = op.CoGrouped3[A, B, C]

// Maybe is a value that may be missing: the far side of an outer join. Where Ok is false, Value is zero.
type Maybe[T any] = op.Maybe[T]

// Pair makes a KV.
func Pair[K, V any](k K, v V) KV[K, V] { return KV[K, V]{Key: k, Value: v} }

// A word on the noinline before every method of an RDD, here and in other files: the compiler makes all of them anew for each type of
// rows, called or not, and once more for pointers to it. That they are not inlined there saves a tenth of the time and memory that a
// program with many types takes to build.

// Named gives the RDD a name for Explain, progress and errors, and returns it.
//
//go:noinline
func (d RDD[T]) Named(name string) RDD[T] {
	d.n.setName(name)
	return d
}

// Partitions is the number of partitions. It may have to list a source; it is 0 where that fails, and the action then says why.
func (d handle) Partitions() int {
	d.n.made("Partitions")
	n, err := d.n.partitions()
	if err != nil {
		return 0
	}
	return n
}

// Explain draws the lineage as a tree, with the file:line of every verb. A shuffle begins a new indentation, as a stage does.
// It runs no job.
func (d handle) Explain() string { return d.n.explain() }

// Cache keeps the rows in memory when they are first computed: Persist(MemoryOnly).
//
//go:noinline
func (d RDD[T]) Cache() RDD[T] { return d.Persist(MemoryOnly) }

// Persist keeps the rows at a storage level when they are first computed, partition by partition, and returns the RDD. Partitions
// that do not fit go to disk where the level allows it, and are computed again where it does not; the least recently used leave
// first. To change the level, Unpersist first; until then a second Persist at another level is refused.
//
//go:noinline
func (d RDD[T]) Persist(level StorageLevel) RDD[T] {
	d.n.persist(level)
	return d
}

// Unpersist drops the kept rows everywhere and keeps none from now on.
func (d handle) Unpersist(ctx context.Context) error { return d.n.unpersist(ctx) }

// Checkpoint writes the rows to files below kiln.checkpoint.dir when the first action needs them, and cuts the lineage there:
// later jobs read the files. It is the way out of a lineage that has grown long.
//
//go:noinline
func (d RDD[T]) Checkpoint() RDD[T] {
	d.n.checkpoint(false)
	return d
}

// LocalCheckpoint is Checkpoint into the application's own temporary directory: quicker, and gone with the session.
//
//go:noinline
func (d RDD[T]) LocalCheckpoint() RDD[T] {
	d.n.checkpoint(true)
	return d
}

type rowType = op.RowType
