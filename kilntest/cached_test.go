package kilntest_test

import (
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

func tallied(calls kiln.Accumulator[int64], x int64) int64 {
	calls.Add(1)
	return x
}

func ofGroup(name string) kilntest.Match {
	return func(t kilntest.Task) bool { return t.Group == name }
}

// besideItsCache starts a cluster of two executors with one slot each, caches an RDD of one partition, and keeps the executor busy
// that has it. What runs next runs on the other one.
func besideItsCache(t *testing.T, level kiln.StorageLevel) (c *kilntest.Cluster, d kiln.RDD[int64], calls kiln.Accumulator[int64], at int) {
	t.Helper()
	c = kilntest.Start(t, kilntest.Slots(1), kilntest.Set("kiln.locality.wait", "0s"))
	calls = kiln.NewCounter(c.Session(), "calls")
	d = kiln.MapWith(kiln.Range(c.Session(), 0, rows, 1, 1), calls, tallied).Persist(level)
	c.OnTask(kilntest.ResultTasks, 1, func(task kilntest.Task) { at = task.Executor })
	mustCount(t, d)
	busy := c.Hold(ofGroup("busy"))
	ended := make(chan error, 1)
	go func() {
		_, err := d.Count(kiln.WithJobGroup(t.Context(), "busy", "keeps a slot"))
		ended <- err
	}()
	if task := <-busy.Arrived(); task.Executor != at {
		t.Fatalf("the task went to executor %d, and its partition is on %d", task.Executor, at)
	}
	t.Cleanup(func() {
		busy.Release()
		<-ended
	})
	return c, d, calls, at
}

func mustCount(t *testing.T, d kiln.RDD[int64]) {
	t.Helper()
	if n, err := d.Count(t.Context()); n != rows || err != nil {
		t.Fatalf("%d rows, %v; want %d", n, err, rows)
	}
}

func TestATaskReadsACachedPartitionFromTheExecutorThatHasIt(t *testing.T) {
	for _, level := range []kiln.StorageLevel{kiln.MemoryOnly, kiln.MemoryEncoded, kiln.MemoryAndDisk, kiln.MemoryAndDiskEncoded, kiln.DiskOnly} {
		t.Run(level.String(), func(t *testing.T) {
			c, d, calls, at := besideItsCache(t, level)
			for range 2 { // the other executor does not keep it: the second job reads it from there again
				var ran int
				c.OnTask(kilntest.ResultTasks, 1, func(task kilntest.Task) { ran = task.Executor })
				if mustCount(t, d); ran == at {
					t.Fatal("the task ran where its partition is")
				}
			}
			if n := calls.Value(); n != rows {
				t.Errorf("the function was called for %d rows, want %d: once for each", n, rows)
			}
		})
	}
}

func TestACachedPartitionThatIsGoneIsComputed(t *testing.T) {
	for name, lose := range map[string]func(c *kilntest.Cluster, at int){
		"with its executor": func(c *kilntest.Cluster, at int) { c.LoseExecutor(at) },
		"with its file":     func(c *kilntest.Cluster, _ int) { c.CorruptBlock() },
	} {
		t.Run(name, func(t *testing.T) {
			c, d, calls, at := besideItsCache(t, kiln.DiskOnly)
			gate := c.Hold(ofGroup("next"))
			ended := make(chan error, 1)
			var n int64
			go func() {
				var err error
				n, err = d.Count(kiln.WithJobGroup(t.Context(), "next", "reads what is gone"))
				ended <- err
			}()
			if task := <-gate.Arrived(); task.Executor == at {
				t.Fatal("the task ran where its partition is")
			}
			lose(c, at)
			gate.Release()
			if err := <-ended; err != nil || n != rows {
				t.Fatalf("%d rows, %v", n, err)
			}
			if n := calls.Value(); n != 2*rows {
				t.Errorf("the function was called for %d rows, want %d", n, 2*rows)
			}
		})
	}
}
