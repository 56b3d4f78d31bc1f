package kiln_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/kilnproject/kiln"
)

var ctx = context.Background()

// open gives a session for an example. Programs use kiln.Main, which does this and more.
func open() *kiln.Session {
	return kiln.Must(kiln.Open(ctx, kiln.Master("local[2]")))
}

// show prints what an action gave.
func show(v any, err error) {
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Println(v)
}

// The functions that examples ship: static, as every function of a verb must be.
func double(i int64) int64     { return 2 * i }
func even(i int64) bool        { return i%2 == 0 }
func add(a, b int64) int64     { return a + b }
func ascending(a, b int64) int { return int(a - b) }
func parity(i int64) string {
	if even(i) {
		return "even"
	}
	return "odd"
}

func Example() {
	s := open()
	defer s.Close()
	lines := kiln.Parallelize(s, []string{"to be or", "not to be"})
	words := kiln.FlatMap(lines, strings.Fields)
	ones := kiln.Map(words, func(w string) kiln.KV[string, int64] { return kiln.Pair(w, int64(1)) })
	counts := kiln.SortByKey(kiln.ReduceByKey(ones, add))
	show(counts.Collect(ctx))
	// Output: [{be 2} {not 1} {or 1} {to 2}]
}

func ExampleOpen() {
	s, err := kiln.Open(context.Background(), kiln.Master("local[4]"), kiln.AppName("nightly"), kiln.Set("kiln.task.maxFailures", "2"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	fmt.Println(s.DefaultParallelism())
	// Output: 4
}

func ExampleTextFile() {
	dir := kiln.Must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	kiln.Must(0, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("one\ntwo\n"), 0o600))
	kiln.Must(0, os.WriteFile(filepath.Join(dir, "b.txt"), []byte("three"), 0o600))
	s := open()
	defer s.Close()
	show(kiln.TextFile(s, dir).Collect(ctx))
	// Output: [one two three]
}

func ExampleWholeFiles() {
	dir := kiln.Must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	kiln.Must(0, os.WriteFile(filepath.Join(dir, "a.bin"), []byte{1, 2, 3}, 0o600))
	s := open()
	defer s.Close()
	files := kiln.WholeFiles(s, dir)
	show(kiln.Map(files, func(f kiln.KV[string, []byte]) string { return fmt.Sprint(filepath.Base(f.Key), " ", f.Value) }).Collect(ctx))
	// Output: [a.bin [1 2 3]]
}

func ExampleBinaryRecords() {
	dir := kiln.Must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "records")
	kiln.Must(0, os.WriteFile(file, []byte("aabbcc"), 0o600))
	s := open()
	defer s.Close()
	show(kiln.Map(kiln.BinaryRecords(s, file, 2), func(r []byte) string { return string(r) }).Collect(ctx))
	// Output: [aa bb cc]
}

func ExampleParallelize() {
	s := open()
	defer s.Close()
	d := kiln.Parallelize(s, []string{"a", "b", "c"}, 3)
	fmt.Println(d.Partitions())
	show(d.Collect(ctx))
	// Output:
	// 3
	// [a b c]
}

func ExampleRange() {
	s := open()
	defer s.Close()
	show(kiln.Range(s, 10, 0, -3).Collect(ctx))
	// Output: [10 7 4 1]
}

func ExampleGenerate() {
	s := open()
	defer s.Close()
	d := kiln.Generate(s, 2, 3, func(n, partition int) iter.Seq[string] {
		return func(yield func(string) bool) {
			for i := range n {
				if !yield(fmt.Sprintf("%d.%d", partition, i)) {
					return
				}
			}
		}
	})
	show(d.Collect(ctx))
	// Output: [0.0 0.1 0.2 1.0 1.1 1.2]
}

func ExampleEmpty() {
	s := open()
	defer s.Close()
	show(kiln.Empty[int](s).Count(ctx))
	// Output: 0
}

func ExampleMap() {
	s := open()
	defer s.Close()
	show(kiln.Map(kiln.Range(s, 0, 5, 1), double).Collect(ctx))
	// Output: [0 2 4 6 8]
}

func ExampleMapWith() {
	s := open()
	defer s.Close()
	prices := map[string]float64{"tea": 2.5, "cake": 4}
	orders := kiln.Parallelize(s, []string{"tea", "cake", "tea"})
	show(kiln.Sum(ctx, kiln.MapWith(orders, prices, func(prices map[string]float64, o string) float64 { return prices[o] })))
	// Output: 9
}

// plus is a functor: its field is what a literal would have captured.
type plus struct{ N int64 }

func (p plus) Apply(i int64) int64 { return i + p.N }

func ExampleMapFn() {
	s := open()
	defer s.Close()
	show(kiln.MapFn(kiln.Range(s, 0, 3, 1), plus{N: 10}).Collect(ctx))
	// Output: [10 11 12]
}

func ExampleFilter() {
	s := open()
	defer s.Close()
	show(kiln.Filter(kiln.Range(s, 0, 6, 1), even).Collect(ctx))
	// Output: [0 2 4]
}

func ExampleFilterWith() {
	s := open()
	defer s.Close()
	show(kiln.FilterWith(kiln.Range(s, 0, 6, 1), int64(3), func(least, i int64) bool { return i >= least }).Collect(ctx))
	// Output: [3 4 5]
}

func ExampleFlatMap() {
	s := open()
	defer s.Close()
	show(kiln.FlatMap(kiln.Parallelize(s, []string{"a b", "c"}), strings.Fields).Count(ctx))
	// Output: 3
}

func ExampleFlatMapWith() {
	s := open()
	defer s.Close()
	d := kiln.FlatMapWith(kiln.Parallelize(s, []string{"a,b", "c"}), ",", func(sep, line string) []string { return strings.Split(line, sep) })
	show(d.Collect(ctx))
	// Output: [a b c]
}

func ExampleFlatMapSeq() {
	s := open()
	defer s.Close()
	d := kiln.FlatMapSeq(kiln.Parallelize(s, []string{"a b", "c"}), strings.FieldsSeq)
	show(d.Collect(ctx))
	// Output: [a b c]
}

func ExampleFlatMapSeqWith() {
	s := open()
	defer s.Close()
	d := kiln.FlatMapSeqWith(kiln.Parallelize(s, []string{"a,b", "c"}), ",", func(sep, line string) iter.Seq[string] {
		return strings.SplitSeq(line, sep)
	})
	show(d.Collect(ctx))
	// Output: [a b c]
}

func ExampleKeyBy() {
	s := open()
	defer s.Close()
	show(kiln.KeyBy(kiln.Range(s, 1, 4, 1), parity).Collect(ctx))
	// Output: [{odd 1} {even 2} {odd 3}]
}

func ExampleMapPartitions() {
	s := open()
	defer s.Close()
	sums := kiln.MapPartitions(kiln.Range(s, 0, 10, 1, 2), func(t *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			var sum int64
			for i := range rows {
				sum += i
			}
			yield(fmt.Sprintf("partition %d: %d", t.Partition(), sum), nil)
		}
	})
	show(sums.Collect(ctx))
	// Output: [partition 0: 10 partition 1: 35]
}

func ExampleMapPartitionsWith() {
	s := open()
	defer s.Close()
	first := kiln.MapPartitionsWith(kiln.Range(s, 0, 10, 1, 2), 2, func(n int, _ *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[int64, error] {
		return func(yield func(int64, error) bool) {
			left := n
			for i := range rows {
				if left == 0 || !yield(i, nil) {
					return
				}
				left--
			}
		}
	})
	show(first.Collect(ctx))
	// Output: [0 1 5 6]
}

func ExampleMapBatches() {
	s := open()
	defer s.Close()
	squares := kiln.MapBatches(kiln.Range(s, 0, 5, 1), func(in, out []int64) []int64 {
		for _, i := range in {
			out = append(out, i*i)
		}
		return out
	})
	show(squares.Collect(ctx))
	// Output: [0 1 4 9 16]
}

func ExampleUnion() {
	s := open()
	defer s.Close()
	show(kiln.Union(kiln.Range(s, 0, 2, 1), kiln.Range(s, 5, 7, 1), kiln.Range(s, 9, 10, 1)).Collect(ctx))
	// Output: [0 1 5 6 9]
}

func ExampleIntersection() {
	s := open()
	defer s.Close()
	both := kiln.Intersection(kiln.Range(s, 0, 6, 1), kiln.Range(s, 4, 9, 1))
	show(both.TakeOrdered(ctx, 9, ascending))
	// Output: [4 5]
}

func ExampleSubtract() {
	s := open()
	defer s.Close()
	rest := kiln.Subtract(kiln.Range(s, 0, 6, 1), kiln.Range(s, 2, 9, 1))
	show(rest.TakeOrdered(ctx, 9, ascending))
	// Output: [0 1]
}

func ExampleDistinct() {
	s := open()
	defer s.Close()
	show(kiln.Distinct(kiln.Parallelize(s, []int64{3, 1, 3, 1, 2})).TakeOrdered(ctx, 9, ascending))
	// Output: [1 2 3]
}

func ExampleCartesian() {
	s := open()
	defer s.Close()
	show(kiln.Cartesian(kiln.Range(s, 0, 2, 1, 1), kiln.Parallelize(s, []string{"a", "b"}, 1)).Collect(ctx))
	// Output: [{0 a} {0 b} {1 a} {1 b}]
}

func ExampleZip() {
	s := open()
	defer s.Close()
	show(kiln.Zip(kiln.Range(s, 1, 4, 1, 1), kiln.Parallelize(s, []string{"a", "b", "c"}, 1)).Collect(ctx))
	// Output: [{1 a} {2 b} {3 c}]
}

func ExampleZipWithIndex() {
	s := open()
	defer s.Close()
	show(kiln.ZipWithIndex(kiln.Parallelize(s, []string{"a", "b", "c"})).Collect(ctx))
	// Output: [{a 0} {b 1} {c 2}]
}

func ExampleZipWithUniqueID() {
	s := open()
	defer s.Close()
	show(kiln.ZipWithUniqueID(kiln.Parallelize(s, []string{"a", "b", "c", "d"}, 2)).Collect(ctx))
	// Output: [{a 0} {b 2} {c 1} {d 3}]
}

func ExampleGlom() {
	s := open()
	defer s.Close()
	show(kiln.Glom(kiln.Range(s, 0, 5, 1, 2)).Collect(ctx))
	// Output: [[0 1 2] [3 4]]
}

func ExamplePipe() {
	s := open()
	defer s.Close()
	words := kiln.Parallelize(s, []string{"pear", "fig", "plum", "apple"}, 2)
	show(kiln.Pipe(words, []string{"sort"}).Collect(ctx))
	// Output: [fig pear apple plum]
}

func ExamplePipeEnv() {
	s := open()
	defer s.Close()
	one := kiln.Range(s, 0, 1, 1, 1)
	show(kiln.Pipe(one, []string{"sh", "-c", "echo in $KILN_PARTITION of $WHAT"}, kiln.PipeEnv("WHAT", "the numbers")).Collect(ctx))
	// Output: [in 0 of the numbers]
}

func ExampleSample() {
	s := open()
	defer s.Close()
	n, err := kiln.Sample(kiln.Range(s, 0, 10000, 1), false, 0.1, 7).Count(ctx)
	show(n > 800 && n < 1200, err)
	// Output: true
}

func ExampleSampleByKey() {
	s := open()
	defer s.Close()
	all := kiln.SampleByKey(kiln.KeyBy(kiln.Range(s, 0, 10, 1), parity), false, map[string]float64{"odd": 1}, 7)
	show(kiln.Values(all).Collect(ctx))
	// Output: [1 3 5 7 9]
}

func ExampleRandomSplit() {
	s := open()
	defer s.Close()
	parts := kiln.RandomSplit(kiln.Range(s, 0, 1000, 1), []float64{3, 1}, 7)
	a := kiln.Must(parts[0].Count(ctx))
	b := kiln.Must(parts[1].Count(ctx))
	fmt.Println(a > b, a+b)
	// Output: true 1000
}

func ExampleRepartition() {
	s := open()
	defer s.Close()
	d := kiln.Repartition(kiln.Range(s, 0, 100, 1, 1), 5)
	fmt.Println(d.Partitions())
	show(d.Count(ctx))
	// Output:
	// 5
	// 100
}

func ExampleCoalesce() {
	s := open()
	defer s.Close()
	show(kiln.Glom(kiln.Coalesce(kiln.Range(s, 0, 6, 1, 6), 2)).Collect(ctx))
	// Output: [[0 1 2] [3 4 5]]
}

func ExamplePartitionBy() {
	s := open()
	defer s.Close()
	left := kiln.PartitionBy(kiln.KeyBy(kiln.Range(s, 0, 10, 1), double), kiln.Hash(4))
	right := kiln.PartitionBy(kiln.KeyBy(kiln.Range(s, 5, 15, 1), double), kiln.Hash(4))
	show(kiln.Join(left, right).Count(ctx)) // without another shuffle
	// Output: 5
}

func ExampleRepartitionAndSort() {
	s := open()
	defer s.Close()
	pairs := kiln.KeyBy(kiln.Parallelize(s, []int64{5, 3, 9, 1}), double)
	sorted := kiln.RepartitionAndSort(pairs, kiln.Ranges(pairs, 1))
	show(kiln.Values(sorted).Collect(ctx))
	// Output: [1 3 5 9]
}

func ExampleSortBy() {
	s := open()
	defer s.Close()
	show(kiln.SortBy(kiln.Parallelize(s, []string{"ccc", "a", "bb"}), func(w string) int { return len(w) }, kiln.Descending()).Collect(ctx))
	// Output: [ccc bb a]
}

func ExampleSortByKey() {
	s := open()
	defer s.Close()
	show(kiln.SortByKey(kiln.Parallelize(s, []kiln.KV[string, int]{{Key: "b", Value: 1}, {Key: "a", Value: 2}})).Collect(ctx))
	// Output: [{a 2} {b 1}]
}

func ExampleSortFunc() {
	s := open()
	defer s.Close()
	show(kiln.SortFunc(kiln.Parallelize(s, []int64{3, 1, 2}), ascending).Collect(ctx))
	// Output: [1 2 3]
}

func ExampleKeys() {
	s := open()
	defer s.Close()
	show(kiln.Keys(kiln.KeyBy(kiln.Range(s, 0, 3, 1), parity)).Collect(ctx))
	// Output: [even odd even]
}

func ExampleValues() {
	s := open()
	defer s.Close()
	show(kiln.Values(kiln.KeyBy(kiln.Range(s, 0, 3, 1), parity)).Collect(ctx))
	// Output: [0 1 2]
}

func ExampleMapValues() {
	s := open()
	defer s.Close()
	show(kiln.MapValues(kiln.KeyBy(kiln.Range(s, 0, 3, 1), parity), double).Collect(ctx))
	// Output: [{even 0} {odd 2} {even 4}]
}

func ExampleFlatMapValues() {
	s := open()
	defer s.Close()
	d := kiln.Parallelize(s, []kiln.KV[string, string]{{Key: "k", Value: "a b"}})
	show(kiln.FlatMapValues(d, strings.Fields).Collect(ctx))
	// Output: [{k a} {k b}]
}

func ExampleReduceByKey() {
	s := open()
	defer s.Close()
	show(kiln.SortByKey(kiln.ReduceByKey(kiln.KeyBy(kiln.Range(s, 0, 10, 1), parity), add, kiln.Partitions(2))).Collect(ctx))
	// Output: [{even 20} {odd 25}]
}

func ExampleFoldByKey() {
	s := open()
	defer s.Close()
	show(kiln.SortByKey(kiln.FoldByKey(kiln.KeyBy(kiln.Range(s, 0, 4, 1), parity), 0, add)).Collect(ctx))
	// Output: [{even 2} {odd 4}]
}

func ExampleAggregateByKey() {
	s := open()
	defer s.Close()
	counts := kiln.AggregateByKey(kiln.KeyBy(kiln.Range(s, 0, 5, 1), parity), 0,
		func(n int, _ int64) int { return n + 1 }, func(a, b int) int { return a + b })
	show(kiln.SortByKey(counts).Collect(ctx))
	// Output: [{even 3} {odd 2}]
}

func ExampleCombineByKey() {
	s := open()
	defer s.Close()
	most := kiln.CombineByKey(kiln.KeyBy(kiln.Range(s, 0, 5, 1), parity),
		func(i int64) int64 { return i }, func(m, i int64) int64 { return max(m, i) }, func(a, b int64) int64 { return max(a, b) })
	show(kiln.SortByKey(most).Collect(ctx))
	// Output: [{even 4} {odd 3}]
}

func ExampleGroupByKey() {
	s := open()
	defer s.Close()
	show(kiln.SortByKey(kiln.GroupByKey(kiln.KeyBy(kiln.Range(s, 0, 5, 1, 1), parity))).Collect(ctx))
	// Output: [{even [0 2 4]} {odd [1 3]}]
}

func ExampleGroupBy() {
	s := open()
	defer s.Close()
	show(kiln.SortByKey(kiln.GroupBy(kiln.Range(s, 0, 5, 1, 1), parity)).Collect(ctx))
	// Output: [{even [0 2 4]} {odd [1 3]}]
}

func ExampleJoin() {
	s := open()
	defer s.Close()
	names := kiln.Parallelize(s, []kiln.KV[int, string]{{Key: 1, Value: "ada"}, {Key: 2, Value: "bob"}})
	orders := kiln.Parallelize(s, []kiln.KV[int, string]{{Key: 1, Value: "tea"}, {Key: 3, Value: "cake"}})
	show(kiln.Join(names, orders).Collect(ctx))
	// Output: [{1 {ada tea}}]
}

func ExampleLeftJoin() {
	s := open()
	defer s.Close()
	names := kiln.Parallelize(s, []kiln.KV[int, string]{{Key: 1, Value: "ada"}, {Key: 2, Value: "bob"}})
	orders := kiln.Parallelize(s, []kiln.KV[int, string]{{Key: 1, Value: "tea"}})
	show(kiln.SortByKey(kiln.LeftJoin(names, orders)).Collect(ctx))
	// Output: [{1 {ada {tea true}}} {2 {bob { false}}}]
}

func ExampleRightJoin() {
	s := open()
	defer s.Close()
	names := kiln.Parallelize(s, []kiln.KV[int, string]{{Key: 1, Value: "ada"}})
	orders := kiln.Parallelize(s, []kiln.KV[int, string]{{Key: 3, Value: "cake"}})
	show(kiln.RightJoin(names, orders).Collect(ctx))
	// Output: [{3 {{ false} cake}}]
}

func ExampleFullJoin() {
	s := open()
	defer s.Close()
	names := kiln.Parallelize(s, []kiln.KV[int, string]{{Key: 1, Value: "ada"}})
	orders := kiln.Parallelize(s, []kiln.KV[int, string]{{Key: 3, Value: "cake"}})
	show(kiln.SortByKey(kiln.FullJoin(names, orders)).Collect(ctx))
	// Output: [{1 {{ada true} { false}}} {3 {{ false} {cake true}}}]
}

func ExampleCoGroup() {
	s := open()
	defer s.Close()
	a := kiln.Parallelize(s, []kiln.KV[string, int]{{Key: "x", Value: 1}, {Key: "x", Value: 2}}, 1)
	b := kiln.Parallelize(s, []kiln.KV[string, bool]{{Key: "x", Value: true}}, 1)
	show(kiln.CoGroup(a, b).Collect(ctx))
	// Output: [{x {[1 2] [true]}}]
}

func ExampleCoGroup3() {
	s := open()
	defer s.Close()
	a := kiln.Parallelize(s, []kiln.KV[string, int]{{Key: "x", Value: 1}}, 1)
	b := kiln.Parallelize(s, []kiln.KV[string, bool]{{Key: "x", Value: true}}, 1)
	c := kiln.Parallelize(s, []kiln.KV[string, string]{{Key: "x", Value: "c"}}, 1)
	show(kiln.CoGroup3(a, b, c).Collect(ctx))
	// Output: [{x {[1] [true] [c]}}]
}

func ExampleSubtractByKey() {
	s := open()
	defer s.Close()
	a := kiln.KeyBy(kiln.Range(s, 0, 4, 1), double)
	b := kiln.KeyBy(kiln.Range(s, 1, 9, 1), double)
	show(kiln.SubtractByKey(a, b).Collect(ctx))
	// Output: [{0 0}]
}

func ExampleLookup() {
	s := open()
	defer s.Close()
	show(kiln.Lookup(ctx, kiln.KeyBy(kiln.Range(s, 0, 6, 1), parity), "odd"))
	// Output: [1 3 5]
}
