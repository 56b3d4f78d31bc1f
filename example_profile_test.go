package kiln_test

import (
	"fmt"
	"iter"
	"slices"

	"github.com/kilnproject/kiln"
)

// addresses gives what each task has of a resource.
func addresses(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield(fmt.Sprint(c.Resources()["gpu"]), nil) }
}

func ExampleRDD_WithProfile() {
	s := kiln.Must(kiln.Open(ctx, kiln.Master("local[4]"),
		kiln.Set("kiln.executor.resource.gpu.addresses", "0,1"), kiln.Set("kiln.executor.resource.gpu.amount", "2")))
	defer s.Close()
	both := kiln.ResourceProfile{}.TaskSlots(2).TaskResource("gpu", 2)
	used := kiln.MapPartitions(kiln.Range(s, 0, 100, 1, 3), addresses).WithProfile(both)
	show(used.Collect(ctx))
	// Output: [[0 1] [0 1] [0 1]]
}

func ExampleResourceProfile() {
	train := kiln.ResourceProfile{}.ExecutorSlots(4).ExecutorMemory(8<<30).ExecutorResource("gpu", 1).TaskResource("gpu", 0.25)
	fmt.Println(train)
	// Output: executors of 4 slots, 8g, 1 gpu; tasks of 0.25 gpu
}

func ExampleTaskContext_Resources() {
	s := kiln.Must(kiln.Open(ctx, kiln.Master("local[2]"),
		kiln.Set("kiln.executor.resource.gpu.addresses", "GPU-a,GPU-b"), kiln.Set("kiln.executor.resource.gpu.amount", "2"),
		kiln.Set("kiln.task.resource.gpu.amount", "1")))
	defer s.Close()
	used, err := kiln.MapPartitions(kiln.Range(s, 0, 100, 1, 8), addresses).Collect(ctx)
	slices.Sort(used)
	show(slices.Compact(used), err)
	// Output: [[GPU-a] [GPU-b]]
}
