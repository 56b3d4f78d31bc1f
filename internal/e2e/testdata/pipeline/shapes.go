package main

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/kilnproject/kiln"
)

// Both count words as "count" does. The map side asks for nothing or for executors of its own, the reduce side for an accelerator for each
// task.
var (
	narrow = kiln.ResourceProfile{}.ExecutorMemory(96 << 20)
	gpu    = kiln.ResourceProfile{}.TaskResource("gpu", 1)
	both   = gpu.ExecutorSlots(2).ExecutorMemory(128<<20).ExecutorResource("gpu", 1)
)

func printShapes(ctx context.Context, s *kiln.Session, gates, path string, mapped, reduced kiln.ResourceProfile) error {
	lines := kiln.MapPartitionsWith(kiln.TextFile(s, path), gate{gates, "map"}, heldLines).WithProfile(mapped)
	words := kiln.Filter(kiln.FlatMap(lines, strings.Fields), isWord)
	sums := kiln.ReduceByKey(kiln.Map(words, one), add, kiln.Partitions(8))
	all := kiln.MapPartitionsWith(sums, gates, accelerated).WithProfile(reduced)
	n, err := all.Count(ctx)
	if err != nil {
		return err
	}
	gate{gates, "between"}.pass(ctx)
	top, err := all.Top(ctx, 5, often)
	if err != nil {
		return err
	}
	fmt.Println(n, top)
	return nil
}

// accelerated comes to the gate of the accelerator that its task has.
func accelerated(gates string, c *kiln.TaskContext, rows iter.Seq[count]) iter.Seq2[count, error] {
	has := c.Resources()["gpu"]
	if len(has) != 1 {
		return func(yield func(count, error) bool) { yield(count{}, fmt.Errorf("a task has the accelerators %q", has)) }
	}
	return held(gate{gates, "gpu-" + has[0]}, c, rows)
}
