package op

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestCombiningWritesEqualAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSetting(rt)
		reduces := rapid.SampledFrom([]int{1, 4, 300}).Draw(rt, "reduces")
		route := Route[string]{N: reduces}
		concat := func(a, b []int64) []int64 { return append(a, b...) }
		appendTo := func(c []int64, v int64) []int64 { return append(c, v) }
		outputs := []Output{
			&CombineWrite[string, int64, []int64]{Create: func(v int64) []int64 { return []int64{v} }, Merge: appendTo, Route: route},
			&AggregateWrite[string, int64, []int64]{Add: appendTo, Route: route},
		}
		h := newFakeHost()
		want := map[string][]int64{}
		for _, o := range outputs {
			rows := pairsOf(s, drawRows(rt, s, "rows"), stringKey)
			for _, p := range rows {
				want[p.Key] = append(want[p.Key], p.Value)
			}
			task := s.newTask()
			task.Host, task.Stage.Reduces = h, reduces
			if _, err := into(task, o, rows, s.batch); err != nil {
				rt.Fatal(err)
			}
			rest(rt, task, nil)
		}
		seen := map[string]int{}
		var all []KV[string, []int64]
		for p := range reduces {
			task := s.newTask()
			task.Host = h
			rows, err := shuffled[KV[string, []int64]](task, p)
			if err != nil {
				rt.Fatal(err)
			}
			for _, r := range rows {
				if at, ok := seen[r.Key]; ok && at != p {
					rt.Fatalf("key %q lies in partitions %d and %d", r.Key, at, p)
				}
				seen[r.Key] = p
			}
			var got takeSink[KV[string, []int64]]
			if err := through(task, &MergeByKey[string, []int64]{F: concat}, rows, s.batch, &got); err != nil {
				rt.Fatal(err)
			}
			all = append(all, got.rows...)
			rest(rt, task, nil)
		}
		checkGroups(rt, all, want)
	})
}

func TestCombiningIsGivenUpWhereKeysDoNotComeAgain(t *testing.T) {
	for _, keys := range []int64{100, 1 << 40} {
		h := newFakeHost()
		m := ample()
		work := fakeTask(h, m, 0, 4)
		rows := make([]KV[int64, int64], 300000)
		for i := range rows {
			rows[i] = KV[int64, int64]{int64(i) * 7919 % keys, 1}
		}
		if _, err := into(work, &ReduceWrite[int64, int64]{F: sum, Route: Route[int64]{N: 4}}, rows, 1024); err != nil {
			t.Fatal(err)
		}
		total := int64(0)
		for p := range 4 {
			got, err := shuffled[KV[int64, int64]](work, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range got {
				total += r.Value
			}
		}
		if total != int64(len(rows)) {
			t.Fatalf("%d rows arrived, want %d", total, len(rows))
		}
		if limit := int64(16 << 20); m.peak > limit {
			t.Errorf("%d keys: %d bytes held, want less than %d", keys, m.peak, limit)
		}
		rest(t, work, nil)
	}
}

func TestRowsThatPassWithoutCombiningAreCreatedToo(t *testing.T) {
	work := fakeTask(newFakeHost(), ample(), 0, 2)
	rows := make([]KV[int64, string], 3*sampledRows)
	for i := range rows {
		rows[i] = KV[int64, string]{int64(i), "four"}
	}
	o := &CombineWrite[int64, string, int]{
		Create: func(v string) int { return len(v) }, Merge: func(c int, v string) int { return c + len(v) }, Route: Route[int64]{N: 2},
	}
	if _, err := into(work, o, rows, 1024); err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := range 2 {
		got, err := shuffled[KV[int64, int]](work, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			n += r.Value
		}
	}
	if n != 4*len(rows) {
		t.Errorf("sum %d, want %d", n, 4*len(rows))
	}
	rest(t, work, nil)
}

func TestPartitionWriteKeepsRowsAndTheirOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSetting(rt)
		reduces := rapid.SampledFrom([]int{1, 4, 2000}).Draw(rt, "reduces")
		rows := pairsOf(s, drawRows(rt, s, "rows"), floatKey)
		for i := range rows {
			rows[i].Value = int64(i)
		}
		task := s.newTask()
		task.Stage.Reduces = reduces
		answer, err := into(task, &PartitionWrite[float64]{Rows: TypeOf[KV[float64, int64]](), Route: Route[float64]{N: reduces}}, rows, s.batch)
		if err != nil || len(answer.Sizes) != reduces {
			rt.Fatal(len(answer.Sizes), err)
		}
		if task.Metrics.RowsOut != int64(len(rows)) {
			rt.Fatalf("counted %d rows", task.Metrics.RowsOut)
		}
		place := map[string]int{}
		n := 0
		for p := range reduces {
			got, err := shuffled[KV[float64, int64]](task, p)
			if err != nil {
				rt.Fatal(err)
			}
			last := int64(-1)
			for _, r := range got {
				if at, ok := place[name(r.Key)]; ok && at != p {
					rt.Fatalf("key %v lies in partitions %d and %d", r.Key, at, p)
				}
				place[name(r.Key)] = p
				if r.Value <= last {
					rt.Fatalf("row %d after row %d", r.Value, last)
				}
				last = r.Value
				if name(rows[r.Value].Key) != name(r.Key) {
					rt.Fatalf("row %d has key %v, want %v", r.Value, r.Key, rows[r.Value].Key)
				}
			}
			n += len(got)
		}
		if n != len(rows) {
			rt.Fatalf("%d rows, want %d", n, len(rows))
		}
		rest(rt, task, nil)
	})
}

func TestScatterDealsRowsEvenlyAndTheSameWayAgain(t *testing.T) {
	h := [2]*fakeHost{newFakeHost(), newFakeHost()}
	for i := range h {
		task := fakeTask(h[i], ample(), 3, 7)
		if _, err := into(task, &ScatterWrite{Rows: TypeOf[int64](), Reduces: 7, Seed: 5}, make([]int64, 1000), 30); err != nil {
			t.Fatal(err)
		}
		rest(t, task, nil)
	}
	for p := range 7 {
		task := fakeTask(h[0], ample(), 0, 0)
		got, err := shuffled[int64](task, p)
		if err != nil || len(got) < 142 || len(got) > 143 {
			t.Errorf("partition %d has %d rows, %v", p, len(got), err)
		}
		if len(h[0].shuffles[1][p]) != len(h[1].shuffles[1][p]) {
			t.Errorf("partition %d got other rows when the task ran again", p)
		}
	}
}

func TestRangesFollowCompare(t *testing.T) {
	t.Run("int64", func(t *testing.T) { rapid.Check(t, rangeProperty(intKey)) })
	t.Run("string", func(t *testing.T) { rapid.Check(t, rangeProperty(stringKey)) })
	t.Run("float64", func(t *testing.T) { rapid.Check(t, rangeProperty(floatKey)) })
}

// rangeProperty compares the prefix search with a plain count of the bounds that are less than the key.
func rangeProperty[K cmp.Ordered](key func(*rand.Rand, int) K) func(*rapid.T) {
	return func(rt *rapid.T) {
		s := drawSetting(rt)
		down := rapid.Bool().Draw(rt, "descending")
		var bounds []K
		for range rapid.IntRange(0, 20).Draw(rt, "bounds") {
			bounds = append(bounds, key(s.r, s.keys))
		}
		slices.SortFunc(bounds, cmp.Compare[K])
		bounds = slices.CompactFunc(bounds, func(a, b K) bool { return cmp.Compare(a, b) == 0 })
		rows := make([]row[K], 300)
		for i := range rows {
			rows[i] = row[K]{key(s.r, s.keys), i}
		}
		want := func(k K) int {
			n := 0
			for _, b := range bounds {
				if cmp.Compare(b, k) < 0 {
					n++
				}
			}
			if down {
				n = len(bounds) - n
			}
			return n
		}
		ascending := func(a, b row[K]) int { return cmp.Compare(a.Key, b.Key) }
		var boundRows []row[K]
		for _, b := range bounds {
			boundRows = append(boundRows, row[K]{Key: b})
		}
		outputs := []Output{&RangeWrite[row[K], K]{Key: rowKey[K], Bounds: bounds, Descending: down}}
		if !down {
			outputs = append(outputs, &RangeWriteFunc[row[K]]{Compare: ascending, Bounds: boundRows})
		}
		for _, o := range outputs {
			task := fakeTask(newFakeHost(), ample(), 0, len(bounds)+1)
			if _, err := into(task, o, rows, s.batch); err != nil {
				rt.Fatal(err)
			}
			n := 0
			for p := range len(bounds) + 1 {
				got, err := shuffled[row[K]](task, p)
				if err != nil {
					rt.Fatal(err)
				}
				for _, r := range got {
					if want(r.Key) != p {
						rt.Fatalf("key %v lies in range %d, want %d", r.Key, p, want(r.Key))
					}
				}
				n += len(got)
			}
			if n != len(rows) {
				rt.Fatalf("%d rows, want %d", n, len(rows))
			}
			rest(rt, task, nil)
		}
	}
}

func TestRoutesThatDoNotFitTheShuffleAreRefused(t *testing.T) {
	task := fakeTask(newFakeHost(), ample(), 0, 4)
	outputs := []Output{
		&PartitionWrite[int64]{Rows: TypeOf[KV[int64, int64]](), Route: Route[int64]{N: 5}},
		&PartitionWrite[int64]{Rows: TypeOf[KV[int64, int64]](), Route: Route[int64]{N: 4, Ranged: true, Bounds: make([]int64, 4)}},
		&ScatterWrite{Rows: TypeOf[int64](), Reduces: -1},
		&RangeWriteFunc[int64]{Compare: cmp.Compare[int64], Bounds: make([]int64, 4)},
	}
	for _, o := range outputs {
		if _, _, err := o.Open(task); err == nil {
			t.Errorf("%T was opened", o)
		}
	}
}

func TestAnAbortedWriteLeavesNothing(t *testing.T) {
	h := newFakeHost()
	work := fakeTask(h, ample(), 0, 4)
	sink, done, err := (&ReduceWrite[int64, int64]{F: sum, Route: Route[int64]{N: 4}}).Open(work)
	if err != nil {
		t.Fatal(err)
	}
	if err := pushInto(sink, make([]KV[int64, int64], 100000), 1000); err != nil {
		t.Fatal(err)
	}
	done.Abort()
	if len(h.shuffles) != 0 {
		t.Error("map output is visible after Abort")
	}
	rest(t, work, errors.New("failed"))
}

func TestScatterMemoryIsBoundedWithManyPartitions(t *testing.T) {
	m := ample()
	work := fakeTask(newFakeHost(), m, 0, 5000)
	rows := make([]KV[int64, [32]int64], 1000)
	sink, done, err := (&PartitionWrite[int64]{Rows: TypeOf[KV[int64, [32]int64]](), Route: Route[int64]{N: 5000}}).Open(work)
	if err != nil {
		t.Fatal(err)
	}
	for batch := range 200 { // about 53 MB
		for i := range rows {
			rows[i].Key = int64(batch*1000 + i)
		}
		if err := pushInto(sink, rows, len(rows)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := done.Finish(); err != nil {
		t.Fatal(err)
	}
	if limit := int64(2*scatterMost + 1<<20); m.peak > limit {
		t.Errorf("%d bytes held, want at most %d", m.peak, limit)
	}
	rest(t, work, nil)
}

func TestZeroSizeRowsTravel(t *testing.T) {
	work := fakeTask(newFakeHost(), &fakeMemory{limit: 0}, 0, 3)
	rows := make([]KV[struct{}, struct{}], 5000)
	if _, err := into(work, &PartitionWrite[struct{}]{Rows: TypeOf[KV[struct{}, struct{}]](), Route: Route[struct{}]{N: 3}}, rows, 1000); err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := range 3 {
		got, err := shuffled[KV[struct{}, struct{}]](work, p)
		if err != nil {
			t.Fatal(err)
		}
		n += len(got)
	}
	if n != len(rows) {
		t.Fatalf("%d rows, want %d", n, len(rows))
	}
	var groups takeSink[KV[struct{}, []struct{}]]
	if err := through(work, &GroupByKey[struct{}, struct{}]{}, rows, 1000, &groups); err != nil {
		t.Fatal(err)
	}
	if len(groups.rows) != 1 || len(groups.rows[0].Value) != len(rows) {
		t.Fatalf("%d groups", len(groups.rows))
	}
	var distinct takeSink[KV[struct{}, struct{}]]
	if err := through(work, &MergeByKey[struct{}, struct{}]{F: func(a, _ struct{}) struct{} { return a }}, rows, 1000, &distinct); err != nil {
		t.Fatal(err)
	}
	if len(distinct.rows) != 1 {
		t.Fatalf("%d distinct rows of one value", len(distinct.rows))
	}
	rest(t, work, nil)
}

func TestSpillPartsOfOneDepthSplitThoseOfTheDepthAbove(t *testing.T) {
	table, err := newTable[int64]()
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]int64, 1<<16)
	for i := range keys {
		keys[i] = int64(i)
	}
	hashes := table.hash(unsafe.Pointer(&keys[0]), len(keys), 8, nil)
	counts := map[string]int{}
	for _, h := range hashes {
		counts[fmt.Sprint(spillPart(h, 0), spillPart(h, 1))]++
	}
	if len(counts) != spillParts*spillParts {
		t.Fatalf("%d of %d parts of two depths have keys", len(counts), spillParts*spillParts)
	}
	for at, n := range counts {
		if math.Abs(float64(n)-256) > 100 {
			t.Errorf("part %s has %d keys, want about 256", at, n)
		}
	}
}
