package kiln_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kilnproject/kiln"
)

func ExampleRDD_Collect() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 0, 3, 1).Collect(ctx))
	// Output: [0 1 2]
}

func ExampleRDD_Seq() {
	s := open()
	defer s.Close()
	for i, err := range kiln.Range(s, 0, 1000, 1, 10).Seq(ctx) {
		if err != nil || i == 3 {
			break // the other partitions are never computed
		}
		fmt.Println(i)
	}
	// Output:
	// 0
	// 1
	// 2
}

func ExampleRDD_Count() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 0, 1000, 1).Count(ctx))
	// Output: 1000
}

func ExampleRDD_CountApprox() {
	s := open()
	defer s.Close()
	e, err := kiln.Range(s, 0, 1000, 1).CountApprox(ctx, time.Minute, 0.95)
	show(fmt.Sprint(e.Count, e.Exact), err)
	// Output: 1000 true
}

func ExampleRDD_First() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 5, 9, 1).First(ctx))
	_, err := kiln.Empty[int](s).First(ctx)
	fmt.Println(errors.Is(err, kiln.ErrEmpty))
	// Output:
	// 5
	// true
}

func ExampleRDD_IsEmpty() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 0, 0, 1).IsEmpty(ctx))
	// Output: true
}

func ExampleRDD_Take() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 0, 1000, 1, 100).Take(ctx, 4))
	// Output: [0 1 2 3]
}

func ExampleRDD_Top() {
	s := open()
	defer s.Close()
	show(kiln.Parallelize(s, []int64{3, 9, 1, 7}).Top(ctx, 2, ascending))
	// Output: [9 7]
}

func ExampleRDD_TakeOrdered() {
	s := open()
	defer s.Close()
	show(kiln.Parallelize(s, []int64{3, 9, 1, 7}).TakeOrdered(ctx, 2, ascending))
	// Output: [1 3]
}

func ExampleRDD_Reduce() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 1, 5, 1).Reduce(ctx, func(a, b int64) int64 { return a * b }))
	// Output: 24
}

func ExampleRDD_Fold() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 1, 5, 1).Fold(ctx, 0, add))
	// Output: 10
}

func ExampleAggregate() {
	s := open()
	defer s.Close()
	show(kiln.Aggregate(ctx, kiln.Parallelize(s, []string{"a", "bbb"}), 0,
		func(n int, w string) int { return n + len(w) }, func(a, b int) int { return a + b }))
	// Output: 4
}

func ExampleTreeAggregate() {
	s := open()
	defer s.Close()
	show(kiln.TreeAggregate(ctx, kiln.Range(s, 0, 100, 1, 20), 0, add, add))
	// Output: 4950
}

func ExampleTreeReduce() {
	s := open()
	defer s.Close()
	show(kiln.TreeReduce(ctx, kiln.Range(s, 0, 100, 1, 20), add))
	// Output: 4950
}

func ExampleMin() {
	s := open()
	defer s.Close()
	show(kiln.Min(ctx, kiln.Parallelize(s, []string{"b", "a"})))
	// Output: a
}

func ExampleMax() {
	s := open()
	defer s.Close()
	show(kiln.Max(ctx, kiln.Range(s, 0, 9, 1)))
	// Output: 8
}

func ExampleSum() {
	s := open()
	defer s.Close()
	show(kiln.Sum(ctx, kiln.Range(s, 0, 5, 1)))
	// Output: 10
}

func ExampleMean() {
	s := open()
	defer s.Close()
	show(kiln.Mean(ctx, kiln.Range(s, 0, 4, 1)))
	// Output: 1.5
}

func ExampleStats() {
	s := open()
	defer s.Close()
	st, err := kiln.Stats(ctx, kiln.Range(s, 0, 5, 1))
	show(fmt.Sprint(st.Count, st.Mean, st.Variance, st.Min, st.Max), err)
	// Output: 5 2 2 0 4
}

func ExampleHistogram() {
	s := open()
	defer s.Close()
	bounds, counts, err := kiln.Histogram(ctx, kiln.Range(s, 0, 11, 1), 2)
	show(fmt.Sprint(bounds, counts), err)
	// Output: [0 5 10] [5 6]
}

func ExampleCountByKey() {
	s := open()
	defer s.Close()
	show(kiln.CountByKey(ctx, kiln.KeyBy(kiln.Range(s, 0, 5, 1), parity)))
	// Output: map[even:3 odd:2]
}

func ExampleCountByValue() {
	s := open()
	defer s.Close()
	show(kiln.CountByValue(ctx, kiln.Parallelize(s, []string{"a", "b", "a"})))
	// Output: map[a:2 b:1]
}

func ExampleCountDistinctApprox() {
	s := open()
	defer s.Close()
	n, err := kiln.CountDistinctApprox(ctx, kiln.Range(s, 0, 10000, 1))
	show(n > 9500 && n < 10500, err)
	// Output: true
}

func ExampleRDD_ForEach() {
	s := open()
	defer s.Close()
	err := kiln.Range(s, 0, 3, 1).ForEach(ctx, func(i int64) {
		if i == 2 {
			kiln.Fail(errors.New("two"))
		}
	})
	fmt.Println(err != nil)
	// Output: true
}

func ExampleForEachWith() {
	s := open()
	defer s.Close()
	seen := kiln.NewCounter(s, "seen")
	show("done", kiln.ForEachWith(ctx, kiln.Range(s, 0, 30, 1), seen, func(seen kiln.Accumulator[int64], _ int64) { seen.Add(1) }))
	fmt.Println(seen.Value())
	// Output:
	// done
	// 30
}

func ExampleRDD_ForEachPartition() {
	s := open()
	defer s.Close()
	show("done", kiln.Range(s, 0, 3, 1, 1).ForEachPartition(ctx, func(t *kiln.TaskContext, rows iter.Seq[int64]) error {
		for i := range rows {
			fmt.Println(t.Partition(), i)
		}
		return nil
	}))
	// Output:
	// 0 0
	// 0 1
	// 0 2
	// done
}

func ExampleForEachPartitionWith() {
	s := open()
	defer s.Close()
	show("done", kiln.ForEachPartitionWith(ctx, kiln.Range(s, 0, 2, 1, 1), "row", func(name string, _ *kiln.TaskContext, rows iter.Seq[int64]) error {
		for i := range rows {
			fmt.Println(name, i)
		}
		return nil
	}))
	// Output:
	// row 0
	// row 1
	// done
}

func ExampleRDD_TakeSample() {
	s := open()
	defer s.Close()
	rows, err := kiln.Range(s, 0, 1000, 1).TakeSample(ctx, false, 5, 42)
	show(len(rows), err)
	// Output: 5
}

func ExampleRDD_SaveText() {
	dir := kiln.Must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "out")
	s := open()
	defer s.Close()
	show("saved", kiln.Range(s, 0, 4, 1, 2).SaveText(ctx, out))
	show(kiln.TextFile(s, out).Collect(ctx))
	fmt.Println(errors.Is(kiln.Range(s, 0, 4, 1).SaveText(ctx, out), kiln.ErrExists))
	show("replaced", kiln.Range(s, 7, 9, 1).SaveText(ctx, out, kiln.Overwrite()))
	show(kiln.TextFile(s, out).Collect(ctx))
	// Output:
	// saved
	// [0 1 2 3]
	// true
	// replaced
	// [7 8]
}

func ExampleSaveBinary() {
	dir := kiln.Must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "out")
	s := open()
	defer s.Close()
	show("saved", kiln.SaveBinary(ctx, kiln.Parallelize(s, [][]byte{[]byte("ab"), []byte("cd")}, 1), out))
	fmt.Println(string(kiln.Must(os.ReadFile(filepath.Join(out, "part-00000.bin")))))
	// Output:
	// saved
	// abcd
}

func ExampleRDD_Explain() {
	s := open()
	defer s.Close()
	d := kiln.ReduceByKey(kiln.KeyBy(kiln.Range(s, 0, 10, 1, 3), parity), add, kiln.Partitions(2)).Named("sums")
	for line := range strings.Lines(d.Explain()) {
		tree, _, _ := strings.Cut(strings.TrimRight(line, "\n"), "  example")
		fmt.Println(tree)
	}
	// Output:
	// (2) ReduceByKey "sums"
	// | (2) Shuffle
	// +-(3) KeyBy
	//   | (3) Range
}

func ExampleRDD_Cache() {
	s := open()
	defer s.Close()
	d := kiln.Map(kiln.Range(s, 0, 1000, 1), double).Cache()
	show(d.Count(ctx)) // computes and keeps
	show(d.Count(ctx)) // reads what was kept
	show("dropped", d.Unpersist(ctx))
	// Output:
	// 1000
	// 1000
	// dropped
}

func ExampleRDD_Persist() {
	s := open()
	defer s.Close()
	d := kiln.Map(kiln.Range(s, 0, 1000, 1), double).Persist(kiln.MemoryAndDisk)
	show(kiln.Sum(ctx, d))
	// Output: 999000
}

func ExampleRDD_LocalCheckpoint() {
	s := open()
	defer s.Close()
	d := kiln.Map(kiln.Range(s, 0, 4, 1), double).LocalCheckpoint()
	show(d.Collect(ctx))
	// Output: [0 2 4 6]
}

func ExampleNewBroadcast() {
	s := open()
	defer s.Close()
	names := kiln.Must(kiln.NewBroadcast(s, map[int64]string{0: "zero", 1: "one"}))
	show(kiln.MapWith(kiln.Range(s, 0, 2, 1), names, func(b kiln.Broadcast[map[int64]string], i int64) string { return b.Get()[i] }).Collect(ctx))
	show("destroyed", names.Destroy(ctx))
	// Output:
	// [zero one]
	// destroyed
}

func ExampleNewSum() {
	s := open()
	defer s.Close()
	sum := kiln.NewSum[float64](s, "weight")
	show("done", kiln.ForEachWith(ctx, kiln.Range(s, 0, 5, 1), sum, func(sum kiln.Accumulator[float64], i int64) { sum.Add(float64(i) / 2) }))
	fmt.Println(sum.Value())
	// Output:
	// done
	// 5
}

func ExampleNewList() {
	s := open()
	defer s.Close()
	bad := kiln.NewList[string](s, "bad lines")
	lines := kiln.Parallelize(s, []string{"1", "x", "2"})
	show("done", kiln.ForEachWith(ctx, lines, bad, func(bad kiln.AccumulatorOf[string, []string], line string) {
		if line == "x" {
			bad.Add(line)
		}
	}))
	fmt.Println(bad.Value())
	// Output:
	// done
	// [x]
}

func ExampleNewAccumulator() {
	s := open()
	defer s.Close()
	longest := kiln.NewAccumulator(s, "longest", "",
		func(a, b string) string { return pick(a, b) }, func(a, b string) string { return pick(a, b) })
	show("done", kiln.ForEachWith(ctx, kiln.Parallelize(s, []string{"a", "ccc", "bb"}), longest,
		func(l kiln.AccumulatorOf[string, string], w string) { l.Add(w) }))
	fmt.Println(longest.Value())
	// Output:
	// done
	// ccc
}

func pick(a, b string) string {
	if len(b) > len(a) {
		return b
	}
	return a
}

func ExampleMust() {
	s := open()
	defer s.Close()
	_, err := kiln.Map(kiln.Parallelize(s, []string{"1m", "soon"}), func(d string) time.Duration { return kiln.Must(time.ParseDuration(d)) }).Collect(ctx)
	var job *kiln.JobError
	fmt.Println(errors.As(err, &job), strings.Contains(err.Error(), "soon"))
	// Output: true true
}

func ExampleBuildError() {
	s := open()
	defer s.Close()
	defer func() {
		err := recover().(*kiln.BuildError)
		fmt.Println(err.Verb, strings.Contains(err.Error(), "captures"))
	}()
	n := int64(3)
	kiln.Map(kiln.Range(s, 0, 9, 1), func(i int64) int64 { return i * n }) // n is captured: write MapWith(d, n, ...)
	// Output: Map true
}

func ExampleWithJobGroup() {
	s := open()
	defer s.Close()
	grouped := kiln.WithJobGroup(ctx, "nightly", "the nightly report")
	show(kiln.Range(s, 0, 9, 1).Count(grouped)) // s.CancelJobGroup("nightly", "...") would end it
	// Output: 9
}

func ExampleWithTag() {
	s := open()
	defer s.Close()
	cheap := kiln.WithTag(kiln.WithTag(ctx, "report"), "can wait") // tags add up
	show(kiln.Range(s, 0, 9, 1).Count(cheap))                      // s.CancelTag("can wait", "...") would end it, and all others with the tag
	// Output: 9
}

func ExampleWithPool() {
	s, err := kiln.Open(ctx, kiln.Master("local[2]"), kiln.Set("kiln.scheduler.mode", "FAIR"))
	if err != nil {
		panic(err)
	}
	defer s.Close()
	interactive := kiln.WithPool(ctx, "people") // takes turns with jobs of other pools that run at the same time
	show(kiln.Range(s, 0, 9, 1).Count(interactive))
	// Output: 9
}

// A stage that runs for too long is cancelled from beside: Status says which there are.
func ExampleSession_CancelStage() {
	s := open()
	defer s.Close()
	for _, st := range s.Status().Stages {
		if st.Name == "Collect" && st.Total > 100_000 {
			s.CancelStage(st.ID, "nobody collects so much")
		}
	}
	// Output:
}

func ExampleSession_Status() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 0, 10, 1).Count(ctx))
	st := s.Status()
	fmt.Println(len(st.Jobs), "jobs,", len(st.Executors), "executor")
	// Output:
	// 10
	// 0 jobs, 1 executor
}
