package op

import "fmt"

// turned gives compare, or its reverse.
func turned[T any](compare func(a, b T) int, around bool) func(a, b T) int {
	if !around {
		return compare
	}
	return func(a, b T) int { return compare(b, a) }
}

// ByRange sends keys by range from now on; bounds is a []K in ascending order.
func (o *PartitionWrite[K]) ByRange(bounds any) error {
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
