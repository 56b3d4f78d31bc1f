package kiln_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// sameBits says that two rows are the same, not only equal.
func sameBits(a, b item) bool {
	return a.A == b.A && a.S == b.S && math.Float64bits(a.F) == math.Float64bits(b.F)
}

// Where memory is enough, rows come in one order, whatever runs where, fails, and is computed again. So no map output ever changes.
func TestRandomProgramsGiveTheSameRowsInTheSameOrder(t *testing.T) {
	checks(t, 50)
	rapid.Check(t, func(rt *rapid.T) {
		run := &oneRun{TB: t, run: rt}
		defer run.end()
		c := kilntest.Start(run,
			kilntest.Executors(rapid.IntRange(2, 4).Draw(rt, "executors")), kilntest.Slots(rapid.IntRange(1, 3).Draw(rt, "slots")),
			kilntest.Memory("256m"), kilntest.Seed(rapid.Uint64().Draw(rt, "seed")), kilntest.Set("kiln.task.maxFailures", "8"),
			kilntest.Set("kiln.stage.maxConsecutiveAttempts", "30"), kilntest.Set("kiln.shuffle.fetch.retryWait", "1ms"),
			kilntest.Set("kiln.shuffle.maxBytesInFlight", rapid.SampledFrom([]string{"64k", "48m"}).Draw(rt, "in flight")),
		)
		p := drawProgram(rt, c.Session())
		want, err := p.rdd.Collect(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		for range 2 {
			harm(rt, c)
			got, err := p.rdd.Collect(t.Context())
			if err != nil {
				rt.Fatalf("%v\n%s", err, p.rdd.Explain())
			}
			if !slices.EqualFunc(got, want, sameBits) {
				i := 0
				for i < min(len(got), len(want)) && sameBits(got[i], want[i]) {
					i++
				}
				rt.Fatalf("%d rows, the first time %d; they differ at %d: %v, the first time %v\n%s", len(got), len(want), i, at(got, i), at(want, i), p.rdd.Explain())
			}
		}
	})
}

func keyed(i int64) kiln.KV[int64, numbered] {
	return kiln.Pair(i*7919%101, numbered{i, strings.Repeat("x", int(i%300))})
}

// numbered is a row that knows its place, and takes room.
type numbered struct {
	I int64
	S string
}

func outOfOrder(kv kiln.KV[int64, []numbered]) bool {
	return !slices.IsSortedFunc(kv.Value, func(a, b numbered) int { return int(a.I - b.I) })
}

func TestValuesOfAGroupComeInTheOrderOfTheirPartitions(t *testing.T) {
	const rows = 200_000
	for name, memory := range map[string]string{"in memory": "0.6", "spilled": "0.05"} {
		t.Run(name, func(t *testing.T) {
			c := kilntest.Start(t, kilntest.Executors(3), kilntest.Slots(2), kilntest.Memory("32m"), kilntest.Set("kiln.memory.fraction", memory),
				kilntest.Set("kiln.shuffle.maxBytesInFlight", "64k"))
			groups := kiln.GroupByKey(kiln.Map(kiln.Range(c.Session(), 0, rows, 1, 16), keyed), kiln.Partitions(3)).Persist(kiln.DiskOnly)
			n, err := kiln.Sum(t.Context(), kiln.Map(groups, func(kv kiln.KV[int64, []numbered]) int { return len(kv.Value) }))
			if n != rows || err != nil {
				t.Fatalf("%v rows, want %d: %v", n, rows, err)
			}
			if wrong, err := kiln.Filter(groups, outOfOrder).Count(t.Context()); wrong > 0 || err != nil {
				t.Errorf("%d groups are out of order, %v", wrong, err)
			}
		})
	}
}

// third spreads thirds of many sizes over a few keys: their sum depends on the order in which they are added.
func third(i int64) kiln.KV[int64, float64] {
	return kiln.Pair(i*7919%53, math.Ldexp(1/float64(3*i+1), int(i%40)))
}

// halved gives each sum to other keys.
func halved(kv kiln.KV[int64, float64]) []kiln.KV[int64, float64] {
	return []kiln.KV[int64, float64]{kiln.Pair(kv.Key/2, kv.Value/7), kiln.Pair(kv.Key/3, kv.Value/11)}
}

func TestSumsOfFloatsAreTheSameBitsOnEveryCluster(t *testing.T) {
	var want []kiln.KV[int64, float64]
	for _, size := range []struct{ executors, slots int }{{1, 1}, {1, 4}, {2, 2}, {4, 1}, {5, 3}} {
		c := kilntest.Start(t, kilntest.Executors(size.executors), kilntest.Slots(size.slots))
		c.OnTask(kilntest.Both(kilntest.ReduceTasks, kilntest.Partition(3)), 1, func(task kilntest.Task) {
			if size.executors > 1 {
				c.LoseExecutor(task.Executor)
			}
		})
		sums := kiln.ReduceByKey(kiln.Map(kiln.Range(c.Session(), 0, 50_000, 1, 16), third), addFloats, kiln.Partitions(8))
		dealt := kiln.Repartition(kiln.FlatMap(sums, halved), 5)
		got, err := kiln.ReduceByKey(dealt, addFloats, kiln.Partitions(4)).Collect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d executors with %d slots give\n%v, one with one gives\n%v", size.executors, size.slots, got, want)
		}
	}
}

func addFloats(a, b float64) float64 { return a + b }
