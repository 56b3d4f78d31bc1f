package op

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// turned gives compare, or its reverse.
func turned[T any](compare func(a, b T) int, around bool) func(a, b T) int {
	if !around {
		return compare
	}
	return func(a, b T) int { return compare(b, a) }
}

// From says which shuffle is read, where that becomes known after the operator was made.
func (o *ShuffleRead[T]) From(shuffle ids.ShuffleID) { o.Shuffle = shuffle }

// ByRange sends keys by range from now on; bounds is a []K in ascending order.
func (o *PartitionWrite[K, V]) ByRange(bounds any) error {
	b, ok := bounds.([]K)
	if !ok {
		return fmt.Errorf("ranges of %T do not fit keys of type %T", bounds, *new(K))
	}
	o.Route = Route[K]{Bounds: b, Ranged: true}
	return nil
}

// Draw sets how many rows to draw from each of so many partitions for so many ranges: three times what Spark's twenty rows a
// range need on average, since partitions differ in size.
func (o *Sample[T]) Draw(partitions, ranges int) {
	o.N = (3*min(20*ranges, 1<<20) + partitions - 1) / max(partitions, 1)
	o.Seed = 0x6b696c6e
}
