package kiln_test

import (
	"fmt"
	"iter"
	"strconv"

	"github.com/kilnproject/kiln"
)

// average gives the mean of its partition, and that of all partitions, which it learns from the other tasks.
func average(c *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var sum, n int64
		for r := range rows {
			sum, n = sum+r, n+1
		}
		said, err := c.AllGather(strconv.FormatInt(sum/n, 10))
		if err != nil {
			yield("", err)
			return
		}
		all := 0
		for _, s := range said {
			all += kiln.Must(strconv.Atoi(s))
		}
		yield(fmt.Sprintf("task %d of %d: %d of %d", c.Partition(), len(said), sum/n, all/len(said)), nil)
	}
}

func ExampleBarrier() {
	s := open()
	defer s.Close()
	numbers := kiln.Barrier(kiln.Range(s, 0, 100, 1, 2))
	show(kiln.MapPartitions(numbers, average).Collect(ctx))
	// Output: [task 0 of 2: 24 of 49 task 1 of 2: 74 of 49]
}
