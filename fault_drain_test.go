package kiln_test

import (
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// Map tasks that give other rows whenever they run show that none runs again.
func TestNoMapTaskRunsAgainForExecutorsThatDrain(t *testing.T) {
	for round := range 6 {
		c := kilntest.Start(t, kilntest.Executors(3), kilntest.Slots(1+round%2))
		var maps atomic.Int32
		c.OnTask(kilntest.MapTasks, kilntest.Always, func(kilntest.Task) { maps.Add(1) })
		c.OnTask(kilntest.ReduceTasks, 2+round%3, func(task kilntest.Task) { c.DrainExecutor(task.Executor) })
		d := drawings(c.Session())
		for range 2 {
			got, err := d.Collect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			wantOneDrawing(t, got)
		}
		if n := maps.Load(); n != drawers {
			t.Errorf("%d map tasks ran, want %d", n, drawers)
		}
	}
}

func TestExecutorsThatDrainWhileTheyMapHandOverWhatTheyMake(t *testing.T) {
	c := kilntest.Start(t, kilntest.Executors(2), kilntest.Slots(2))
	var maps atomic.Int32
	c.OnTask(kilntest.MapTasks, kilntest.Always, func(task kilntest.Task) {
		if maps.Add(1)%3 == 0 {
			c.DrainExecutor(task.Executor)
		}
	})
	got, err := drawings(c.Session()).Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantOneDrawing(t, got)
	if n := maps.Load(); n != drawers {
		t.Errorf("%d map tasks ran, want %d", n, drawers)
	}
}

// What nobody takes goes with its executor, and is computed again.
func TestWhereNobodyMayTakeCopiesOutputsAreComputedAgain(t *testing.T) {
	c := kilntest.Start(t, kilntest.Executors(2), kilntest.Set("kiln.storage.decommission.shuffleBlocks.enabled", "false"), kilntest.Set("kiln.storage.decommission.wait", "1ms"))
	var maps atomic.Int32
	c.OnTask(kilntest.MapTasks, kilntest.Always, func(kilntest.Task) { maps.Add(1) })
	sums := kiln.ReduceByKey(kiln.Map(kiln.Range(c.Session(), 0, 100, 1, 8), func(i int64) kiln.KV[int64, int64] { return kiln.Pair(i%3, i) }), add, kiln.Partitions(6))
	for range 2 {
		if n, err := sums.Count(t.Context()); n != 3 || err != nil {
			t.Fatalf("%d keys, %v", n, err)
		}
		first := c.Executors()[0]
		c.DrainExecutor(first)
		for slices.Contains(c.Executors(), first) && t.Context().Err() == nil {
			runtime.Gosched()
		}
	}
	if maps.Load() == 8 {
		t.Error("no map task ran again")
	}
}
