package op

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// place is a key with all that makes keys hard: a float, a string, padding.
type place struct {
	Near bool
	At   float64
	Name string
}

// name gives equal keys equal names, and different ones different names: the equality of keys in the words of this test.
func name(k any) string {
	switch k := k.(type) {
	case float64:
		if k == 0 {
			k = 0 // -0
		}
		return fmt.Sprint(k)
	case place:
		return fmt.Sprint(k.Near, name(k.At), k.Name)
	}
	return fmt.Sprint(k)
}

func intKey(r *rand.Rand, n int) int64 { return int64(r.IntN(n)) - int64(n/2) }

func stringKey(r *rand.Rand, n int) string {
	k := r.IntN(n)
	return strings.Repeat("long ", k%3*k%7) + fmt.Sprint(k)
}

func floatKey(r *rand.Rand, n int) float64 {
	switch k := r.IntN(n); k {
	case 0:
		return math.Float64frombits(0x7FF8000000000000 + uint64(r.IntN(1000))) // any NaN
	case 1:
		return math.Copysign(0, float64(r.IntN(2))-0.5)
	case 2:
		return math.Inf(1)
	default:
		return float64(k) / 8
	}
}

func placeKey(r *rand.Rand, n int) place {
	return place{r.IntN(2) == 0, floatKey(r, 5), stringKey(r, n)}
}

// setting is how one run of a property is set up.
type setting struct {
	r       *rand.Rand
	keys    int
	batch   int
	newTask func() *Task
}

func drawSetting(rt *rapid.T) setting {
	seed := rapid.Uint64().Draw(rt, "seed")
	s := setting{r: rand.New(rand.NewPCG(seed, 1)), batch: rapid.SampledFrom([]int{7, 100, 1024}).Draw(rt, "batch")}
	s.keys = rapid.SampledFrom([]int{1, 3, 50, 2000, 20000}).Draw(rt, "keys")
	limit := rapid.SampledFrom([]int64{0, 64 << 10, 200 << 10, math.MaxInt64}).Draw(rt, "memory")
	refuse := rapid.SampledFrom([]float64{0, 0.3, 0.9}).Draw(rt, "refused")
	s.newTask = func() *Task {
		return fakeTask(newFakeHost(), &fakeMemory{limit: limit, refuse: refuse, chance: s.r}, 3, 4)
	}
	return s
}

func drawRows(rt *rapid.T, s setting, label string) int {
	return rapid.SampledFrom([]int{0, 1, 10, 800, 2500}).Draw(rt, label)
}

func pairsOf[K any](s setting, n int, key func(*rand.Rand, int) K) []KV[K, int64] {
	rows := make([]KV[K, int64], n)
	for i := range rows {
		rows[i] = KV[K, int64]{key(s.r, s.keys), int64(s.r.IntN(1000))}
	}
	return rows
}

func eachKeyType(t *testing.T, ints, strs, floats, structs func(*rapid.T)) {
	for kind, f := range map[string]func(*rapid.T){"int64": ints, "string": strs, "float64": floats, "struct": structs} {
		t.Run(kind, func(t *testing.T) { rapid.Check(t, f) })
	}
}

func sum(a, b int64) int64 { return a + b }

func TestMergeByKeyEqualsAMap(t *testing.T) {
	eachKeyType(t, mergeProperty(intKey), mergeProperty(stringKey), mergeProperty(floatKey), mergeProperty(placeKey))
}

func mergeProperty[K comparable](key func(*rand.Rand, int) K) func(*rapid.T) {
	return func(rt *rapid.T) {
		s := drawSetting(rt)
		rows := pairsOf(s, drawRows(rt, s, "rows"), key)
		want := map[string]int64{}
		for _, p := range rows {
			want[name(p.Key)] += p.Value
		}
		task := s.newTask()
		var got takeSink[KV[K, int64]]
		if err := through(task, &MergeByKey[K, int64]{F: sum}, rows, s.batch, &got); err != nil {
			rt.Fatal(err)
		}
		rest(rt, task, nil)
		if len(got.rows) != len(want) {
			rt.Fatalf("%d keys, want %d", len(got.rows), len(want))
		}
		for _, p := range got.rows {
			if want[name(p.Key)] != p.Value {
				rt.Fatalf("%v: %d, want %d", p.Key, p.Value, want[name(p.Key)])
			}
		}
	}
}

func TestLocalCombiningEqualsAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSetting(rt)
		rows := pairsOf(s, drawRows(rt, s, "rows"), stringKey)
		want := map[string][]int64{}
		for _, p := range rows {
			want[p.Key] = append(want[p.Key], p.Value)
		}
		appendTo := func(c []int64, v int64) []int64 { return append(c, v) }
		concat := func(a, b []int64) []int64 { return append(a, b...) }
		ops := []Transform{
			&CombineByKey[string, int64, []int64]{Create: func(v int64) []int64 { return []int64{v} }, Merge: appendTo, Combine: concat},
			&AggregateByKey[string, int64, []int64]{Zero: nil, Add: appendTo, Merge: concat},
			&AggregateByKey[string, int64, []int64]{Zero: make([]int64, 0, 8), Add: appendTo, Merge: concat},
		}
		for _, o := range ops {
			task := s.newTask()
			var got takeSink[KV[string, []int64]]
			if err := through(task, o, rows, s.batch, &got); err != nil {
				rt.Fatal(err)
			}
			rest(rt, task, nil)
			checkGroups(rt, got.rows, want)
		}
	})
}

func checkGroups(rt *rapid.T, got []KV[string, []int64], want map[string][]int64) {
	if len(got) != len(want) {
		rt.Fatalf("%d keys, want %d", len(got), len(want))
	}
	for _, p := range got {
		if a, b := sorted(p.Value), sorted(want[p.Key]); !slices.Equal(a, b) {
			rt.Fatalf("%v: %v, want %v", p.Key, a, b)
		}
	}
}

func sorted(v []int64) []int64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v
}

func TestGroupByKeyEqualsAMap(t *testing.T) {
	eachKeyType(t, groupProperty(intKey), groupProperty(stringKey), groupProperty(floatKey), groupProperty(placeKey))
}

func groupProperty[K comparable](key func(*rand.Rand, int) K) func(*rapid.T) {
	return func(rt *rapid.T) {
		s := drawSetting(rt)
		rows := pairsOf(s, drawRows(rt, s, "rows"), key)
		want := map[string][]int64{}
		for _, p := range rows {
			want[name(p.Key)] = append(want[name(p.Key)], p.Value)
		}
		task := s.newTask()
		var got takeSink[KV[K, []int64]]
		err := through(task, &GroupByKey[K, int64]{}, rows, s.batch, &got)
		rest(rt, task, err)
		if err != nil {
			if s.keys <= 3 && strings.Contains(err.Error(), "kiln.executor.memory") {
				return // a key whose values do not fit alone
			}
			rt.Fatal(err)
		}
		named := make([]KV[string, []int64], len(got.rows))
		for i, p := range got.rows {
			named[i] = KV[string, []int64]{name(p.Key), append(p.Value, -1)[:len(p.Value)]}
			if cap(p.Value) != len(p.Value) {
				rt.Fatalf("appending to a group would overwrite the next one: len %d, cap %d", len(p.Value), cap(p.Value))
			}
		}
		checkGroups(rt, named, want)
	}
}

func TestGroupingKeepsTheOrderOfValuesInMemory(t *testing.T) {
	task := fakeTask(newFakeHost(), ample(), 0, 1)
	var rows []KV[int64, int64]
	for i := range int64(50000) {
		rows = append(rows, KV[int64, int64]{i % 7, i})
	}
	var got takeSink[KV[int64, []int64]]
	if err := through(task, &GroupByKey[int64, int64]{}, rows, 1000, &got); err != nil {
		t.Fatal(err)
	}
	for _, g := range got.rows {
		if !slices.IsSorted(g.Value) {
			t.Fatalf("key %d: values out of order", g.Key)
		}
	}
	rest(t, task, nil)
}

func TestOneKeyLargerThanMemoryIsAClearError(t *testing.T) {
	task := fakeTask(newFakeHost(), &fakeMemory{limit: 1 << 20}, 0, 1)
	rows := make([]KV[string, int64], 200000)
	for i := range rows {
		rows[i] = KV[string, int64]{"everyone", int64(i)}
	}
	var got takeSink[KV[string, []int64]]
	err := through(task, &GroupByKey[string, int64]{}, rows, 1024, &got)
	if err == nil || !strings.Contains(err.Error(), "kiln.executor.memory") {
		t.Fatalf("got %v, want an error that names kiln.executor.memory", err)
	}
	rest(t, task, err)
}

func TestGroupingMuchMoreThanMemoryStaysInsideIt(t *testing.T) {
	m := &fakeMemory{limit: 1 << 20}
	h := newFakeHost()
	task := fakeTask(h, m, 0, 1)
	rows := make([]KV[int64, int64], 300000)
	for i := range rows {
		rows[i] = KV[int64, int64]{int64(i*7919) % 30011, int64(i)}
	}
	var got takeSink[KV[int64, []int64]]
	if err := through(task, &GroupByKey[int64, int64]{}, rows, 1024, &got); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range got.rows {
		n += len(g.Value)
	}
	if n != len(rows) || len(got.rows) != 30011 {
		t.Fatalf("%d values of %d keys, want %d of 30011", n, len(got.rows), len(rows))
	}
	if h.spills == 0 || task.Metrics.SpilledDisk == 0 || task.Metrics.SpilledMemory == 0 {
		t.Fatalf("nothing was spilled: %+v", task.Metrics)
	}
	rest(t, task, nil)
}

func TestZeroesAreNotSharedBetweenKeys(t *testing.T) {
	rows := []KV[string, int64]{{"a", 1}, {"b", 2}, {"a", 3}, {"b", 4}}
	zero := map[int64]bool{0: true}
	o := &AggregateByKey[string, int64, map[int64]bool]{Zero: zero,
		Add: func(c map[int64]bool, v int64) map[int64]bool { c[v] = true; return c },
	}
	task := fakeTask(newFakeHost(), ample(), 0, 1)
	var got takeSink[KV[string, map[int64]bool]]
	if err := through(task, o, rows, 2, &got); err != nil {
		t.Fatal(err)
	}
	for _, p := range got.rows {
		if len(p.Value) != 3 || !p.Value[0] {
			t.Errorf("%s: %v, want the zero and two values", p.Key, p.Value)
		}
	}
	if len(zero) != 1 {
		t.Errorf("the zero itself was changed: %v", zero)
	}
	rest(t, task, nil)
}

func TestCoGroupingEqualsMaps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSetting(rt)
		s.keys = max(s.keys, 50)
		a, b, c := pairsOf(s, drawRows(rt, s, "first"), floatKey), pairsOf(s, drawRows(rt, s, "second"), floatKey), pairsOf(s, drawRows(rt, s, "third"), floatKey)
		want := map[string][3][]int64{}
		for i, rows := range [][]KV[float64, int64]{a, b, c} {
			for _, p := range rows {
				g := want[name(p.Key)]
				g[i] = append(g[i], p.Value)
				want[name(p.Key)] = g
			}
		}
		in := []Input{rowsInput[KV[float64, int64]]{a, s.batch}, rowsInput[KV[float64, int64]]{b, s.batch}, rowsInput[KV[float64, int64]]{c, s.batch}}
		task := s.newTask()
		var three takeSink[KV[float64, CoGrouped3[int64, int64, int64]]]
		err := (&CoGroup3[float64, int64, int64, int64]{}).Run(task, in, three.sink())
		rest(rt, task, err)
		var two takeSink[KV[float64, CoGrouped[int64, int64]]]
		task = s.newTask()
		err2 := (&CoGroup[float64, int64, int64]{}).Run(task, in[:2], two.sink())
		rest(rt, task, err2)
		if err != nil || err2 != nil {
			rt.Fatal(err, err2)
		}
		if len(three.rows) != len(want) {
			rt.Fatalf("%d keys, want %d", len(three.rows), len(want))
		}
		for _, g := range three.rows {
			w := want[name(g.Key)]
			if !slices.Equal(sorted(g.Value.First), sorted(w[0])) || !slices.Equal(sorted(g.Value.Second), sorted(w[1])) || !slices.Equal(sorted(g.Value.Third), sorted(w[2])) {
				rt.Fatalf("%v: %v, want %v", g.Key, g.Value, w)
			}
		}
		for _, g := range two.rows {
			w := want[name(g.Key)]
			if !slices.Equal(sorted(g.Value.Left), sorted(w[0])) || !slices.Equal(sorted(g.Value.Right), sorted(w[1])) {
				rt.Fatalf("%v: %v, want %v", g.Key, g.Value, w)
			}
			w[0], w[1] = nil, nil
		}
		both := 0
		for _, w := range want {
			if len(w[0])+len(w[1]) > 0 {
				both++
			}
		}
		if both != len(two.rows) {
			rt.Fatalf("%d keys of two, want %d", len(two.rows), both)
		}
	})
}

func TestJoinsEqualNestedLoops(t *testing.T) {
	eachKeyType(t, joinProperty(intKey), joinProperty(stringKey), joinProperty(floatKey), joinProperty(placeKey))
}

// joinProperty compares the four joins, SubtractByKey and Intersection with loops over maps.
func joinProperty[K comparable](key func(*rand.Rand, int) K) func(*rapid.T) {
	return func(rt *rapid.T) {
		s := drawSetting(rt)
		nl, nr := drawRows(rt, s, "left"), drawRows(rt, s, "right")
		nl = min(nl, 1000)
		if s.keys <= 50 {
			nl = min(nl, s.keys)
		}
		left, right := pairsOf(s, nl, key), pairsOf(s, nr, key)
		byKey := map[string][]int64{}
		for _, p := range right {
			byKey[name(p.Key)] = append(byKey[name(p.Key)], p.Value)
		}
		leftKeys := map[string]bool{}
		var inner, lefts, rights, subtracted []string
		for _, p := range left {
			leftKeys[name(p.Key)] = true
			for _, w := range byKey[name(p.Key)] {
				inner = append(inner, fmt.Sprint(name(p.Key), p.Value, w))
			}
			if byKey[name(p.Key)] == nil {
				lefts = append(lefts, fmt.Sprint(name(p.Key), p.Value, "-"))
				subtracted = append(subtracted, fmt.Sprint(name(p.Key), p.Value))
			}
		}
		met := []string{}
		for k, ws := range byKey {
			if leftKeys[k] {
				met = append(met, k)
				continue
			}
			for _, w := range ws {
				rights = append(rights, fmt.Sprint(k, "-", w))
			}
		}
		in := []Input{rowsInput[KV[K, int64]]{left, s.batch}, rowsInput[KV[K, int64]]{right, s.batch}}
		compareRows(rt, "inner", inner, runCombine(rt, s, &Join[K, int64, int64]{}, in, func(r KV[K, Joined[int64, int64]]) string {
			return fmt.Sprint(name(r.Key), r.Value.Left, r.Value.Right)
		}))
		compareRows(rt, "left", slices.Concat(inner, lefts), runCombine(rt, s, &LeftJoin[K, int64, int64]{}, in, func(r KV[K, Joined[int64, Maybe[int64]]]) string {
			return fmt.Sprint(name(r.Key), r.Value.Left, show(r.Value.Right))
		}))
		compareRows(rt, "right", slices.Concat(inner, rights), runCombine(rt, s, &RightJoin[K, int64, int64]{}, in, func(r KV[K, Joined[Maybe[int64], int64]]) string {
			return fmt.Sprint(name(r.Key), show(r.Value.Left), r.Value.Right)
		}))
		compareRows(rt, "full", slices.Concat(inner, lefts, rights), runCombine(rt, s, &FullJoin[K, int64, int64]{}, in, func(r KV[K, Joined[Maybe[int64], Maybe[int64]]]) string {
			return fmt.Sprint(name(r.Key), show(r.Value.Left), show(r.Value.Right))
		}))
		compareRows(rt, "subtract", subtracted, runCombine(rt, s, &SubtractByKey[K, int64, int64]{}, in, func(r KV[K, int64]) string {
			return fmt.Sprint(name(r.Key), r.Value)
		}))
		units := []Input{unitsOf[K](left, s.batch), unitsOf[K](right, s.batch)}
		compareRows(rt, "intersection", met, runCombine(rt, s, &Intersection[K]{}, units, func(k K) string { return name(k) }))
	}
}

// show prints a value of a Maybe so that it cannot be told from a plain one.
func show(m Maybe[int64]) any {
	if m.Ok {
		return m.Value
	}
	return "-"
}

func unitsOf[K comparable](pairs []KV[K, int64], size int) Input {
	rows := make([]KV[K, struct{}], len(pairs))
	for i := range rows {
		rows[i].Key = pairs[i].Key
	}
	return rowsInput[KV[K, struct{}]]{rows, size}
}

func runCombine[T any](rt *rapid.T, s setting, o Combine, in []Input, print func(T) string) []string {
	task := s.newTask()
	var got takeSink[T]
	err := o.Run(task, in, got.sink())
	rest(rt, task, err)
	if err != nil {
		rt.Fatal(err)
	}
	if got.most > BatchRows {
		rt.Fatalf("a batch of %d rows", got.most)
	}
	out := make([]string, len(got.rows))
	for i, r := range got.rows {
		out[i] = print(r)
	}
	return out
}

func compareRows(rt *rapid.T, what string, want, got []string) {
	want = slices.Clone(want)
	sort.Strings(want)
	sort.Strings(got)
	if !slices.Equal(want, got) {
		rt.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
}

func TestJoinOfOneHugeKeyNeedsNotAllOfIt(t *testing.T) {
	m := &fakeMemory{limit: 256 << 10}
	task := fakeTask(newFakeHost(), m, 0, 1)
	left := make([]KV[int64, int64], 3)
	right := make([]KV[int64, int64], 100000)
	for i := range right {
		right[i].Value = int64(i)
	}
	left = append(left, KV[int64, int64]{Key: 5}) // meets none
	var got takeSink[KV[int64, Joined[int64, Maybe[int64]]]]
	err := (&LeftJoin[int64, int64, int64]{}).Run(task, []Input{rowsInput[KV[int64, int64]]{left, 10}, rowsInput[KV[int64, int64]]{right, 1000}}, got.sink())
	rest(t, task, err)
	if err != nil || len(got.rows) != 300001 {
		t.Fatalf("%d rows and %v, want 300001", len(got.rows), err)
	}
}

func TestASinkThatWantsNoMoreEndsEveryCombine(t *testing.T) {
	rows := make([]KV[int64, int64], 5000)
	for i := range rows {
		rows[i].Key = int64(i)
	}
	in := []Input{rowsInput[KV[int64, int64]]{rows, 100}, rowsInput[KV[int64, int64]]{rows, 100}}
	for _, limit := range []int64{0, math.MaxInt64} {
		task := fakeTask(newFakeHost(), &fakeMemory{limit: limit}, 0, 1)
		joined := takeSink[KV[int64, Joined[int64, int64]]]{limit: 10}
		err := (&Join[int64, int64, int64]{}).Run(task, in, joined.sink())
		if !errors.Is(err, ErrStop) || len(joined.rows) > 2*BatchRows {
			t.Errorf("join: %v after %d rows", err, len(joined.rows))
		}
		grouped := takeSink[KV[int64, []int64]]{limit: 10}
		err = through(task, &GroupByKey[int64, int64]{}, rows, 100, &grouped)
		if !errors.Is(err, ErrStop) || len(grouped.rows) > 2*BatchRows {
			t.Errorf("group: %v after %d rows", err, len(grouped.rows))
		}
		rest(t, task, err)
	}
}

func TestAFailingDiskFailsTheTaskAndNothingIsLeft(t *testing.T) {
	h := newFakeHost()
	h.spillFails = errors.New("no space left on device")
	rows := make([]KV[int64, int64], 60000)
	for i := range rows {
		rows[i].Key = int64(i)
	}
	in := []Input{rowsInput[KV[int64, int64]]{rows, 1000}, rowsInput[KV[int64, int64]]{rows, 1000}}
	small := func() *Task { return fakeTask(h, &fakeMemory{limit: 128 << 10}, 0, 1) }
	runs := map[string]func(*Task) error{
		"merge": func(t *Task) error {
			return through(t, &MergeByKey[int64, int64]{F: sum}, rows, 1000, &takeSink[KV[int64, int64]]{})
		},
		"group": func(t *Task) error {
			return through(t, &GroupByKey[int64, int64]{}, rows, 1000, &takeSink[KV[int64, []int64]]{})
		},
		"join": func(t *Task) error {
			return (&Join[int64, int64, int64]{}).Run(t, in, (&takeSink[KV[int64, Joined[int64, int64]]]{}).sink())
		},
		"subtract": func(t *Task) error {
			return (&SubtractByKey[int64, int64, int64]{}).Run(t, in, (&takeSink[KV[int64, int64]]{}).sink())
		},
		"sort": func(t *Task) error {
			return through(t, &SortPairs[int64, int64]{}, rows, 1000, &takeSink[KV[int64, int64]]{})
		},
	}
	for what, run := range runs {
		task := small()
		err := run(task)
		if !errors.Is(err, h.spillFails) {
			t.Errorf("%s: got %v, want the disk's error", what, err)
		}
		rest(t, task, err)
	}
}

func TestAKilledTaskEndsWithItsCause(t *testing.T) {
	rows := make([]KV[int64, int64], 3000)
	task := fakeTask(newFakeHost(), ample(), 0, 1)
	sink, err := (&MergeByKey[int64, int64]{F: sum}).Wire(task, (&takeSink[KV[int64, int64]]{}).sink())
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the job was cancelled")
	task.Context = cancelled(cause)
	if err := pushInto(sink, rows[:10], 10); err != nil {
		t.Fatalf("before the kill: %v", err)
	}
	task.Stop()
	if err := pushInto(sink, rows, len(rows)); !errors.Is(err, cause) {
		t.Fatalf("got %v, want the cause", err)
	}
	rest(t, task, cause)
}

func TestValuesThatGrowWhileTheyAreCombinedAreSpilled(t *testing.T) {
	m := &fakeMemory{limit: 512 << 10}
	h := newFakeHost()
	work := fakeTask(h, m, 0, 1)
	rows := make([]KV[int64, string], 60000)
	for i := range rows {
		rows[i] = KV[int64, string]{int64(i % 50), "a value of some length"}
	}
	concat := func(a, b []string) []string { return append(a, b...) }
	o := &CombineByKey[int64, string, []string]{
		Create:  func(v string) []string { return []string{v} },
		Merge:   func(c []string, v string) []string { return append(c, v) },
		Combine: concat,
	}
	sink := &takeSink[KV[int64, []string]]{}
	up, err := o.Wire(work, sink.sink())
	if err != nil {
		t.Fatal(err)
	}
	if err := pushInto(up, rows, 1000); err != nil {
		t.Fatal(err)
	}
	if h.spills == 0 {
		t.Error("50 lists that outgrew the memory were not spilled")
	}
	m.limit = 64 << 20 // the lists have to be whole in the end
	if err := up.close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range sink.rows {
		n += len(r.Value)
	}
	if len(sink.rows) != 50 || n != len(rows) {
		t.Errorf("%d values of %d keys, want %d of 50", n, len(sink.rows), len(rows))
	}
	rest(t, work, nil)
}
