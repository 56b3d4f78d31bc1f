package kiln_test

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

const drawers, drawn = 6, 12

// draw gives the same number under every key, and another one whenever it runs.
func draw(drawer int64) []kiln.KV[int64, [2]int64] {
	number := rand.Int64()
	rows := make([]kiln.KV[int64, [2]int64], drawn)
	for key := range rows {
		rows[key] = kiln.Pair(int64(key), [2]int64{drawer, number})
	}
	return rows
}

// drawings is a pipeline whose every result has a row of every map task.
func drawings(s *kiln.Session) kiln.RDD[kiln.KV[int64, [][2]int64]] {
	return kiln.GroupByKey(kiln.FlatMap(kiln.Range(s, 0, drawers, 1, drawers), draw), kiln.Partitions(4))
}

// wantOneDrawing fails the test when two results were made of different runs of one map task.
func wantOneDrawing(t *testing.T, got []kiln.KV[int64, [][2]int64]) {
	t.Helper()
	numbers := map[int64]int64{}
	for _, kv := range got {
		for _, row := range kv.Value {
			if number, had := numbers[row[0]]; had && number != row[1] {
				t.Fatalf("results are made of two different runs of map task %d", row[0])
			}
			numbers[row[0]] = row[1]
		}
		if len(kv.Value) != drawers {
			t.Fatalf("key %d has %d rows, want %d", kv.Key, len(kv.Value), drawers)
		}
	}
	if len(got) != drawn || len(numbers) != drawers {
		t.Fatalf("%d keys of %d map tasks, want %d of %d", len(got), len(numbers), drawn, drawers)
	}
}

func TestAJobOfChanceThatLosesAnExecutorIsOfOneDrawingOrFails(t *testing.T) {
	failed, again := 0, 0
	for round := range 12 {
		c := kilntest.Start(t, kilntest.Executors(3), kilntest.Slots(1+round%2))
		var maps atomic.Int32
		c.OnTask(kilntest.MapTasks, kilntest.Always, func(kilntest.Task) { maps.Add(1) })
		c.OnTask(kilntest.Both(kilntest.ReduceTasks, kilntest.Partition(round%4)), 1, func(task kilntest.Task) {
			for _, id := range c.Executors() {
				if id != task.Executor {
					c.LoseExecutor(id)
					return
				}
			}
		})
		got, err := drawings(c.Session()).Collect(t.Context())
		if maps.Load() > drawers {
			again++
		}
		if err == nil {
			wantOneDrawing(t, got)
			continue
		}
		failed++
		if !errors.Is(err, kiln.ErrOutputChanged) {
			t.Fatal(err)
		}
		wantWords(t, err, "fault_random_test.go:", "results were made with the old one", "seed", "checkpoint")
	}
	if failed == 0 || again <= failed {
		t.Errorf("of 12 rounds %d computed outputs again, and %d of these failed: both are to be seen", again, failed)
	}
}

// Below the map tasks of chance lies another shuffle: what it holds is computed anew too.
func TestWhatWasMadeOfOtherRowsIsComputedAnew(t *testing.T) {
	for range 4 {
		c := kilntest.Start(t, kilntest.Executors(3), kilntest.Slots(1))
		second := kiln.PartitionBy(drawings(c.Session()), kiln.Hash(5))
		c.OnTask(kilntest.Both(kilntest.MapTasks, kilntest.ReduceTasks, kilntest.Partition(3)), 1, func(task kilntest.Task) {
			for _, id := range c.Executors() {
				if id != task.Executor {
					c.LoseExecutor(id)
					return
				}
			}
		})
		got, err := second.Collect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantOneDrawing(t, got)
	}
}

func TestExactFunctionsLoseExecutorsWithoutAWord(t *testing.T) {
	c := kilntest.Start(t, kilntest.Executors(3), kilntest.Slots(1))
	d := kiln.ReduceByKey(kiln.Map(kiln.Range(c.Session(), 0, 10000, 1, 8), func(i int64) kiln.KV[int64, float64] {
		return kiln.Pair(i%100, 1/float64(i+1))
	}), func(a, b float64) float64 { return a + b }, kiln.Partitions(4))
	c.OnTask(kilntest.Both(kilntest.ReduceTasks, kilntest.Partition(2)), 1, func(task kilntest.Task) { c.LoseExecutor(task.Executor) })
	if n, err := d.Count(t.Context()); n != 100 || err != nil {
		t.Errorf("%d keys, %v; want 100", n, err)
	}
}

func sameDrawing(kv kiln.KV[int64, [][2]int64]) kiln.KV[int64, [][2]int64] { return kv }

func TestCachedPartitionsOfOtherRowsAreComputedAnew(t *testing.T) {
	looked := 0
	for range 6 {
		c := kilntest.Start(t, kilntest.Executors(3), kilntest.Slots(1))
		direct := drawings(c.Session())
		cached := kiln.Map(direct, sameDrawing).Cache()
		before, err := cached.Collect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantOneDrawing(t, before)
		c.LoseExecutor(c.Executors()[0])
		now, err := direct.Collect(t.Context())
		if errors.Is(err, kiln.ErrOutputChanged) {
			continue // some results had been delivered before anybody noticed
		}
		if err != nil {
			t.Fatal(err)
		}
		looked++
		after, err := cached.Collect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantOneDrawing(t, after)
		if sumsOf(after)[0] != sumsOf(now)[0] {
			t.Fatal("cached partitions and what they are made of are two different drawings")
		}
	}
	if looked == 0 {
		t.Error("no round came to its end")
	}
}

// sumsOf gives the sum of the numbers under each key, which tells one drawing from another.
func sumsOf(got []kiln.KV[int64, [][2]int64]) map[int64]int64 {
	sums := map[int64]int64{}
	for _, kv := range got {
		for _, row := range kv.Value {
			sums[kv.Key] += row[1]
		}
	}
	return sums
}
