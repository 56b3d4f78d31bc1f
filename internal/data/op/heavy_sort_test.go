package op

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// row is a sort key with the place where it came.
type row[K any] struct {
	Key K
	At  int
}

func rowKey[K any](r row[K]) K { return r.Key }

func TestSortingEqualsAStableSort(t *testing.T) {
	t.Run("int64", func(t *testing.T) { rapid.Check(t, sortProperty(intKey)) })
	t.Run("string", func(t *testing.T) { rapid.Check(t, sortProperty(stringKey)) })
	t.Run("float64", func(t *testing.T) { rapid.Check(t, sortProperty(floatKey)) })
}

// sortProperty compares the three sorts, up and down, with slices.SortStableFunc.
func sortProperty[K cmp.Ordered](key func(*rand.Rand, int) K) func(*rapid.T) {
	return func(rt *rapid.T) {
		s := drawSetting(rt)
		down := rapid.Bool().Draw(rt, "descending")
		rows := make([]row[K], drawRows(rt, s, "rows"))
		pairs := make([]KV[K, int], len(rows))
		for i := range rows {
			rows[i] = row[K]{key(s.r, s.keys), i}
			pairs[i] = KV[K, int]{rows[i].Key, i}
		}
		want := slices.Clone(rows)
		slices.SortStableFunc(want, func(a, b row[K]) int {
			if down {
				a, b = b, a
			}
			return cmp.Compare(a.Key, b.Key)
		})
		sortedRows := transformed[row[K], row[K]](rt, s, &SortRows[row[K], K]{Key: rowKey[K], Descending: down}, rows)
		sortedPairs := transformed[KV[K, int], KV[K, int]](rt, s, &SortPairs[K, int]{Descending: down}, pairs)
		compare := func(a, b row[K]) int { return cmp.Compare(a.Key, b.Key) }
		if down {
			compare = func(a, b row[K]) int { return cmp.Compare(b.Key, a.Key) }
		}
		byFunc := transformed[row[K], row[K]](rt, s, &SortFunc[row[K]]{Compare: compare}, rows)
		if len(sortedRows) != len(want) || len(sortedPairs) != len(want) || len(byFunc) != len(want) {
			rt.Fatalf("%d, %d, %d rows, want %d", len(sortedRows), len(sortedPairs), len(byFunc), len(want))
		}
		for i, w := range want {
			if sortedRows[i].At != w.At || sortedPairs[i].Value != w.At || byFunc[i].At != w.At {
				rt.Fatalf("row %d is %v, %v, %v, want %v", i, sortedRows[i], sortedPairs[i], byFunc[i], w)
			}
		}
	}
}

func transformed[T, U any](rt *rapid.T, s setting, o Transform, rows []T) []U {
	task := s.newTask()
	var got takeSink[U]
	err := through(task, o, rows, s.batch, &got)
	rest(rt, task, err)
	if err != nil {
		rt.Fatal(err)
	}
	if got.most > BatchRows {
		rt.Fatalf("a batch of %d rows", got.most)
	}
	return got.rows
}

func TestSortingManyRunsMergesThemInPasses(t *testing.T) {
	h := newFakeHost()
	task := fakeTask(h, &fakeMemory{limit: 0}, 0, 1)
	rows := make([]row[int64], 100000)
	for i := range rows {
		rows[i] = row[int64]{int64(i * 7919 % 1000), i}
	}
	var got takeSink[row[int64]]
	if err := through(task, &SortRows[row[int64], int64]{Key: rowKey[int64]}, rows, 1024, &got); err != nil {
		t.Fatal(err)
	}
	rest(t, task, nil)
	if h.spills < 2 {
		t.Fatalf("%d spill files: the runs were merged in one pass", h.spills)
	}
	for i := 1; i < len(got.rows); i++ {
		a, b := got.rows[i-1], got.rows[i]
		if a.Key > b.Key || a.Key == b.Key && a.At > b.At {
			t.Fatalf("row %d: %v before %v", i, a, b)
		}
	}
	if len(got.rows) != len(rows) {
		t.Fatalf("%d rows, want %d", len(got.rows), len(rows))
	}
}

func TestSortingRowsWithoutAnOrderIsRefused(t *testing.T) {
	task := fakeTask(newFakeHost(), ample(), 0, 1)
	_, err := (&SortPairs[place, int]{}).Wire(task, (&takeSink[KV[place, int]]{}).sink())
	if err == nil || !strings.Contains(err.Error(), "op.place") || !strings.Contains(err.Error(), "SortFunc") {
		t.Fatalf("got %v, want an error that names the type and SortFunc", err)
	}
}

func TestASinkThatWantsNoMoreEndsASort(t *testing.T) {
	rows := make([]row[int64], 20000)
	for _, limit := range []int64{0, math.MaxInt64} {
		task := fakeTask(newFakeHost(), &fakeMemory{limit: limit}, 0, 1)
		got := takeSink[row[int64]]{limit: 5}
		err := through(task, &SortRows[row[int64], int64]{Key: rowKey[int64]}, rows, 1024, &got)
		rest(t, task, err)
		if !errors.Is(err, ErrStop) || len(got.rows) > 2*BatchRows {
			t.Errorf("%v after %d rows", err, len(got.rows))
		}
	}
}

func TestRankedRowsAreSortedLikeAStableSort(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
		n := rapid.SampledFrom([]int{0, 1, 2, 31, 33, 500, 20000}).Draw(rt, "n")
		width := rapid.IntRange(0, 64).Draw(rt, "bits")
		base := r.Uint64()
		e := make([]ranked, n)
		for i := range e {
			e[i] = ranked{base, uint32(i)}
			if width > 0 {
				e[i].prefix = base + r.Uint64()>>(64-width)>>(r.IntN(2)*r.IntN(64))
			}
		}
		want := slices.Clone(e)
		slices.SortStableFunc(want, func(a, b ranked) int { return cmp.Compare(a.prefix, b.prefix) })
		sortRanked(e, make([]ranked, n))
		if !slices.Equal(e, want) {
			rt.Fatal("not in order, or equal prefixes changed places")
		}
	})
}

func TestLoserTreeGivesTheLeastRunFirst(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		runs := rapid.SliceOfN(rapid.SliceOf(rapid.Uint64Range(0, 5)), 0, 9).Draw(rt, "runs")
		var want []uint64
		at := make([]int, len(runs))
		tree := newLoserTree(len(runs), nil)
		set := func(i int) {
			if tree.done[i] = at[i] == len(runs[i]); !tree.done[i] {
				tree.prefix[i] = runs[i][at[i]]
			}
		}
		for i, r := range runs {
			slices.Sort(r)
			want = append(want, r...)
			set(i)
		}
		slices.Sort(want)
		tree.build()
		var got []uint64
		last := -1
		for {
			i, ok := tree.top()
			if !ok {
				break
			}
			v := runs[i][at[i]]
			if len(got) > 0 && got[len(got)-1] == v && i < last {
				rt.Fatalf("run %d after run %d for equal rows", i, last)
			}
			got, last = append(got, v), i
			at[i]++
			set(i)
			tree.fix()
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestTopKeepsTheGreatestRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSetting(rt)
		n := rapid.SampledFrom([]int{-1, 0, 1, 5, 900, 5000}).Draw(rt, "n")
		compare := func(a, b KV[string, int64]) int { return cmp.Compare(a.Value, b.Value) }
		var values [][]byte
		var all []KV[string, int64]
		for range 3 {
			rows := pairsOf(s, drawRows(rt, s, "rows"), stringKey)
			task := fakeTask(newFakeHost(), ample(), 0, 1)
			answer, err := into(task, &Top{N: n, Call: &Calls[KV[string, int64]]{Compare: compare}}, rows, s.batch)
			rest(rt, task, err)
			if err != nil {
				rt.Fatal(err)
			}
			values = append(values, answer.Value)
			all = append(all, rows...)
		}
		best, err := DecodeRows(TypeOf[KV[string, int64]](), values)
		if err != nil {
			rt.Fatal(err)
		}
		(&Top{N: n, Call: &Calls[KV[string, int64]]{Compare: compare}}).Of(&best)
		got := RowsOf[KV[string, int64]](best)
		slices.SortStableFunc(all, func(a, b KV[string, int64]) int { return compare(b, a) })
		want := all[:min(max(n, 0), len(all))]
		if !slices.Equal(got, want) {
			rt.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestTopBeyondMemoryIsAClearError(t *testing.T) {
	task := fakeTask(newFakeHost(), &fakeMemory{limit: 100 << 10}, 0, 1)
	rows := make([]int64, 100000)
	_, err := into(task, &Top{N: 100000, Call: &Calls[int64]{Compare: cmp.Compare[int64]}}, rows, 1000)
	rest(t, task, err)
	if err == nil || !strings.Contains(err.Error(), "kiln.executor.memory") {
		t.Fatalf("got %v", err)
	}
}

func TestSamplesAreDeterministicAndFair(t *testing.T) {
	rows := make([]string, 10000)
	for i := range rows {
		rows[i] = fmt.Sprintf("%05d", i)
	}
	hits := make([]int, 10)
	for seed := range uint64(200) {
		var first []string
		for range 2 {
			task := fakeTask(newFakeHost(), ample(), 7, 1)
			answer, err := into(task, &Sample[string]{N: 50, Seed: seed}, rows, 333)
			if err != nil {
				t.Fatal(err)
			}
			sample, err := DecodeSample[string](answer.Value)
			if err != nil || sample.Count != int64(len(rows)) || len(sample.Rows) != 50 {
				t.Fatalf("%d rows of %d, %v", len(sample.Rows), sample.Count, err)
			}
			if first == nil {
				first = sample.Rows
			} else if !slices.Equal(first, sample.Rows) {
				t.Fatal("the same seed gave another sample")
			}
		}
		for _, s := range first {
			hits[s[1]-'0']++
		}
	}
	for i, n := range hits { // 1000 expected, deviation about 30
		if n < 850 || n > 1150 {
			t.Errorf("tenth %d of the rows was drawn %d times, want about 1000", i, n)
		}
	}
}

func TestSamplesOfFewRowsHoldThemAll(t *testing.T) {
	for _, n := range []int{0, 1, 49, 50} {
		task := fakeTask(newFakeHost(), ample(), 0, 1)
		answer, err := into(task, &Sample[int64]{N: 50}, make([]int64, n), 10)
		if err != nil {
			t.Fatal(err)
		}
		sample, err := DecodeSample[int64](answer.Value)
		if err != nil || len(sample.Rows) != n || sample.Count != int64(n) {
			t.Fatalf("%d rows of %d, %v; want %d", len(sample.Rows), sample.Count, err, n)
		}
	}
	if _, err := DecodeSample[int64](nil); err == nil {
		t.Error("an empty answer was taken for a sample")
	}
}

func TestBoundsCutRowsIntoEvenRanges(t *testing.T) {
	// Two partitions of very different size, sampled equally: the bounds follow the rows, not the samples.
	samples := []Sampled[int64]{{Count: 9000}, {Count: 1000}}
	for i := range int64(100) {
		samples[0].Rows = append(samples[0].Rows, i)
		samples[1].Rows = append(samples[1].Rows, 1000+i)
	}
	bounds, err := Bounds(samples, 10)
	if err != nil || len(bounds) != 9 || !slices.IsSorted(bounds) {
		t.Fatalf("%v, %v", bounds, err)
	}
	if bounds[0] < 5 || bounds[0] > 15 || bounds[8] < 95 || bounds[8] > 1000 {
		t.Errorf("%v do not cut rows evenly", bounds)
	}
	same, err := Bounds([]Sampled[int64]{{Rows: make([]int64, 100), Count: 100}}, 10)
	if err != nil || len(same) > 1 {
		t.Errorf("equal keys gave bounds %v, %v", same, err)
	}
	none, err := Bounds[int64](nil, 10)
	if err != nil || len(none) != 0 {
		t.Errorf("no rows gave bounds %v, %v", none, err)
	}
}

// level is a type whose kind, not itself, is ordered.
type level int8

func TestEveryOrderedKindSortsAsCompareDoes(t *testing.T) {
	ordered(t, int(-1), 0, 1)
	ordered(t, int8(-128), 0, 127)
	ordered(t, int16(-300), 0, 300)
	ordered(t, int32(-70000), 0, 70000)
	ordered(t, int64(math.MinInt64), 0, math.MaxInt64)
	ordered(t, uint(0), 1, math.MaxUint)
	ordered(t, uint8(0), 1, 255)
	ordered(t, uint16(0), 1, 65535)
	ordered(t, uint32(0), 1, math.MaxUint32)
	ordered(t, uint64(0), 1, math.MaxUint64)
	ordered(t, uintptr(0), 1, 2)
	ordered(t, float32(math.NaN()), float32(math.Inf(-1)), -1, 0, 1, float32(math.Inf(1)))
	ordered(t, math.NaN(), math.Inf(-1), -1, 0, 1, math.Inf(1))
	ordered(t, "", "a", "a\x00", "ab", "longer than a prefix", "longer than a prefix and more")
	ordered(t, level(-2), 0, 3)
}

// ordered sorts ascending values that were turned around.
func ordered[K cmp.Ordered](t *testing.T, ascending ...K) {
	t.Helper()
	rows := make([]KV[K, int], len(ascending))
	for i, k := range ascending {
		rows[len(rows)-1-i] = KV[K, int]{k, i}
	}
	task := fakeTask(newFakeHost(), ample(), 0, 1)
	var got takeSink[KV[K, int]]
	if err := through(task, &SortPairs[K, int]{}, rows, 10, &got); err != nil {
		t.Errorf("%T: %v", ascending[0], err)
		return
	}
	for i, r := range got.rows {
		if r.Value != i {
			t.Errorf("%T: %v in place %d, want %v", ascending[0], r.Key, i, ascending[i])
		}
	}
	rest(t, task, nil)
}
