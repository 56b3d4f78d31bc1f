package kiln_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// Random programs over random data must give what plain Go over slices gives, under any master, number of partitions and amount of
// memory, and through lost executors, failing tasks and damaged shuffled data.

// item is a row: a number, a text, and a float that may be NaN or -0.
type item struct {
	A int64
	S string
	F float64
}

// compareItems is a total order; floats count by their bits, but for NaNs, which are all one.
func compareItems(a, b item) int {
	return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.S, b.S), cmp.Compare(floatBits(a.F), floatBits(b.F)))
}

func floatBits(f float64) uint64 {
	if f != f {
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(f)
}

// plain gives the float that stands for all that equal it as keys: which of them a group keeps is not said.
func plain(f float64) float64 {
	switch {
	case f != f:
		return math.NaN()
	case f == 0:
		return 0
	}
	return f
}

// program is a lineage under way, beside what it must give.
type program struct {
	t     *rapid.T
	rdd   kiln.RDD[item]
	rows  []item
	order func(a, b item) int // of the rows, where the last step sorted them

	other     kiln.RDD[item] // what joins and unions meet
	otherRows []item
}

// mostRows is how large a result of a step may be; a step that gives more is left out.
const mostRows = 20000

func genItem(texts int) *rapid.Generator[item] {
	return rapid.Custom(func(t *rapid.T) item {
		return item{
			A: rapid.OneOf(rapid.Int64Range(-3, 12), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64})).Draw(t, "A"),
			S: fmt.Sprintf("%.*s", rapid.IntRange(0, 3).Draw(t, "length"), fmt.Sprintf("k%02d", rapid.IntRange(0, texts).Draw(t, "text"))),
			F: rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.NaN(), math.Float64frombits(0x7ff8000000000002), 1.5, -2.25, math.Inf(1), math.Inf(-1)}).Draw(t, "F"),
		}
	})
}

// genItems draws a few rows, and at times repeats them to many with other numbers.
func genItems(t *rapid.T, label string) []item {
	some := rapid.SliceOfN(genItem(20), 0, 40).Draw(t, label)
	times := rapid.SampledFrom([]int{1, 1, 1, 3, 40, 400}).Draw(t, "times")
	var all []item
	for i := range times {
		for _, it := range some {
			if i > 0 {
				it.A = it.A&15 + int64(i*7)
			}
			all = append(all, it)
		}
	}
	return all
}

func genPartitions(t *rapid.T) int { return rapid.IntRange(1, 7).Draw(t, "partitions") }

func drawProgram(t *rapid.T, s *kiln.Session) *program {
	p := &program{t: t}
	p.rows, p.otherRows = genItems(t, "rows"), genItems(t, "other rows")
	p.rdd, p.other = kiln.Parallelize(s, p.rows, genPartitions(t)), kiln.Parallelize(s, p.otherRows, genPartitions(t))
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	for range rapid.IntRange(1, 7).Draw(t, "length") {
		i := slices.Index(names, rapid.SampledFrom(names).Draw(t, "step"))
		rows := steps[i].naive(p)
		if len(rows) > mostRows {
			continue
		}
		p.order = nil
		p.rdd = steps[i].build(p)
		p.rows = rows
		if rapid.IntRange(0, 4).Draw(t, "swap") == 0 {
			p.rdd, p.rows, p.other, p.otherRows, p.order = p.other, p.otherRows, p.rdd, p.rows, nil
		}
	}
	return p
}

// check runs the program and compares.
func (p *program) check(ctx context.Context) {
	got, err := again(func() ([]item, error) { return p.rdd.Collect(ctx) })
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.rdd.Explain())
	}
	if p.order != nil && !slices.IsSortedFunc(got, p.order) {
		p.t.Fatalf("not sorted: %v\n%s", got[:min(len(got), 50)], p.rdd.Explain())
	}
	want := slices.SortedFunc(slices.Values(p.rows), compareItems)
	slices.SortFunc(got, compareItems)
	if i := firstDifference(got, want); i >= 0 {
		p.t.Fatalf("%d rows, want %d; sorted, they differ at %d: %v, want %v\n%s", len(got), len(want), i, at(got, i), at(want, i), p.rdd.Explain())
	}
	n, err := again(func() (int64, error) { return p.rdd.Count(ctx) })
	if err != nil || n != int64(len(want)) {
		p.t.Fatalf("Count gives %d (%v), want %d\n%s", n, err, len(want), p.rdd.Explain())
	}
	least, err := again(func() ([]item, error) { return p.rdd.TakeOrdered(ctx, 3, compareItems) })
	if err != nil || firstDifference(least, want[:min(3, len(want))]) >= 0 {
		p.t.Fatalf("TakeOrdered gives %v (%v), want %v\n%s", least, err, want[:min(3, len(want))], p.rdd.Explain())
	}
}

// again runs an action until it does not end because a map output has changed, which it does once for each fault at most. Some steps deal out rows
// in the order in which they come (Repartition), or keep one of several that are equal and not the same (zeros of both signs), and a task
// that spills gives rows in another order. Such a job may end when some of its results were delivered; none may be wrong.
func again[T any](action func() (T, error)) (T, error) {
	for faults := 0; ; faults++ {
		result, err := action()
		if faults == mostFaults || !errors.Is(err, kiln.ErrOutputChanged) {
			return result, err
		}
	}
}

func firstDifference(a, b []item) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || compareItems(a[i], b[i]) != 0 {
			return i
		}
	}
	return -1
}

func at(rows []item, i int) string {
	if i < len(rows) {
		return fmt.Sprintf("%+v", rows[i])
	}
	return "nothing"
}

func checks(t *testing.T, n int) {
	t.Helper()
	if testing.Short() {
		n /= 5
	}
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	if was != f.DefValue {
		return // asked for on the command line
	}
	if err := f.Value.Set(fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(was) })
}

var genMemory = rapid.SampledFrom([]string{"32m", "48m", "256m"})

// genSettings draws settings that change how a program runs, and not what it gives.
func genSettings(t *rapid.T) map[string]string {
	return map[string]string{
		"kiln.memory.fraction":              rapid.SampledFrom([]string{"0.05", "0.6"}).Draw(t, "fraction"),
		"kiln.memory.storageFraction":       rapid.SampledFrom([]string{"0", "0.5", "1"}).Draw(t, "storage fraction"),
		"kiln.io.compression.codec":         rapid.SampledFrom([]string{"s2", "zstd", "lz4", "none"}).Draw(t, "codec"),
		"kiln.shuffle.maxBytesInFlight":     rapid.SampledFrom([]string{"64k", "48m"}).Draw(t, "in flight"),
		"kiln.shuffle.maxSegmentInMemory":   rapid.SampledFrom([]string{"64k", "48m"}).Draw(t, "segment"),
		"kiln.stage.maxConsecutiveAttempts": "30",
		"kiln.shuffle.fetch.retryWait":      "1ms",
		"kiln.default.parallelism":          rapid.SampledFrom([]string{"0", "1", "5"}).Draw(t, "parallelism"),
	}
}

func TestRandomProgramsGiveWhatSlicesGive(t *testing.T) {
	checks(t, 50)
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		opts := []kiln.Option{
			kiln.Master(fmt.Sprintf("local[%d]", rapid.IntRange(1, 4).Draw(rt, "slots"))),
			kiln.Set("kiln.executor.memory", genMemory.Draw(rt, "memory")), kiln.Set("kiln.local.dir", dir),
			kiln.Set("kiln.debug.checkRows", rapid.SampledFrom([]string{"true", "false"}).Draw(rt, "check rows")),
		}
		for k, v := range genSettings(rt) {
			opts = append(opts, kiln.Set(k, v))
		}
		s, err := kiln.Open(t.Context(), opts...)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			err := s.Close()
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
				rt.Errorf("closing: %v; left: %v", err, left)
			}
		}()
		drawProgram(rt, s).check(t.Context())
	})
}

// oneRun is the testing.TB of one run of many: what the test kit would do at the end of the test is done at the end of the run.
type oneRun struct {
	testing.TB
	run      *rapid.T
	cleanups []func()
}

func (o *oneRun) Cleanup(f func())                  { o.cleanups = append(o.cleanups, f) }
func (o *oneRun) Errorf(format string, args ...any) { o.run.Errorf(format, args...) }
func (o *oneRun) Fatalf(format string, args ...any) { o.run.Fatalf(format, args...) }
func (o *oneRun) end() {
	for _, f := range slices.Backward(o.cleanups) {
		f()
	}
}

// mostFaults is how many faults there are at most at once.
const mostFaults = 10

// harm breaks parts of a cluster while its tasks run: each of the switches at some of the tasks that start.
func harm(t *rapid.T, c *kilntest.Cluster) {
	for range rapid.IntRange(1, 5).Draw(t, "faults") {
		later := rapid.IntRange(0, 12).Draw(t, "after tasks")
		nth := func(task kilntest.Task) bool { // called under the cluster's lock, for one task at a time
			later--
			return later < 0
		}
		switch rapid.SampledFrom([]string{"lose executor", "lose random", "fail", "corrupt shuffle", "lose shuffle", "corrupt block"}).Draw(t, "fault") {
		case "lose executor":
			c.OnTask(nth, 1, func(task kilntest.Task) { c.LoseExecutor(task.Executor) })
		case "lose random":
			c.OnTask(nth, 1, func(kilntest.Task) { c.LoseRandom() })
		case "fail":
			c.FailTask(nth, errEnough, 1)
		case "corrupt shuffle":
			c.OnTask(nth, 1, func(kilntest.Task) { c.CorruptShuffle(3) })
		case "lose shuffle":
			c.OnTask(nth, 1, func(kilntest.Task) { c.LoseShuffle() })
		case "corrupt block":
			c.OnTask(nth, 1, func(kilntest.Task) { c.CorruptBlock() })
		}
	}
}

func TestRandomProgramsOnABreakingClusterGiveWhatSlicesGive(t *testing.T) {
	checks(t, 50)
	rapid.Check(t, func(rt *rapid.T) {
		run := &oneRun{TB: t, run: rt}
		defer run.end()
		opts := []kilntest.Option{
			kilntest.Executors(rapid.IntRange(1, 4).Draw(rt, "executors")), kilntest.Slots(rapid.IntRange(1, 3).Draw(rt, "slots")),
			kilntest.Memory(genMemory.Draw(rt, "memory")), kilntest.Seed(rapid.Uint64().Draw(rt, "seed")),
			kilntest.Set("kiln.task.maxFailures", "8"),
		}
		for k, v := range genSettings(rt) {
			opts = append(opts, kilntest.Set(k, v))
		}
		c := kilntest.Start(run, opts...)
		p := drawProgram(rt, c.Session())
		harm(rt, c)
		p.check(t.Context())
		harm(rt, c)
		p.check(t.Context())
	})
}
