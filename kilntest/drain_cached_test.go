package kilntest_test

import (
	"slices"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// The executor that has all cached partitions drains. When it has gone they are elsewhere.
func TestCachedPartitionsMoveFromAnExecutorThatDrains(t *testing.T) {
	for _, level := range []kiln.StorageLevel{kiln.MemoryOnly, kiln.MemoryEncoded, kiln.MemoryAndDisk, kiln.MemoryAndDiskEncoded, kiln.DiskOnly} {
		t.Run(level.String(), func(t *testing.T) {
			c, d, calls, at := drainedCache(t, level)
			for range 2 { // what was copied is copied again from the executor that has taken it
				c.DrainExecutor(at)
				untilGone(t, c, at)
				c.OnTask(kilntest.ResultTasks, 1, func(task kilntest.Task) { at = task.Executor })
				mustCount(t, d)
			}
			if n := calls.Value(); n != rows {
				t.Errorf("the function was called for %d rows, want %d: once for each", n, rows)
			}
		})
	}
}

func TestCachedPartitionsAreComputedAgainWhereTheyAreNotToMove(t *testing.T) {
	c, d, calls, at := drainedCache(t, kiln.MemoryOnly, kilntest.Set("kiln.storage.decommission.rddBlocks.enabled", "false"))
	c.DrainExecutor(at)
	untilGone(t, c, at)
	if mustCount(t, d); calls.Value() != 2*rows {
		t.Errorf("the function was called for %d rows, want %d", calls.Value(), 2*rows)
	}
}

// drainedCache caches an RDD of one partition, and says where.
func drainedCache(t *testing.T, level kiln.StorageLevel, options ...kilntest.Option) (c *kilntest.Cluster, d kiln.RDD[int64], calls kiln.Accumulator[int64], at int) {
	t.Helper()
	c = kilntest.Start(t, append(options, kilntest.Slots(1), kilntest.Executors(2))...)
	calls = kiln.NewCounter(c.Session(), "calls")
	d = kiln.MapWith(kiln.Range(c.Session(), 0, rows, 1, 1), calls, tallied).Persist(level)
	c.OnTask(kilntest.ResultTasks, 1, func(task kilntest.Task) { at = task.Executor })
	mustCount(t, d)
	return c, d, calls, at
}

// untilGone lets other jobs run until an executor has gone.
func untilGone(t *testing.T, c *kilntest.Cluster, id int) {
	t.Helper()
	for slices.Contains(c.Executors(), id) {
		mustCount(t, kiln.Range(c.Session(), 0, rows, 1, 1))
	}
}
