package kiln_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

func scaled(b kiln.Broadcast[int64], i int64) int64 { return b.Get() * i }

func TestADestroyedBroadcastNamesWhereItWasMade(t *testing.T) {
	s := start(t)
	var m mark
	m.next()
	b, err := kiln.NewBroadcast(s, int64(3))
	if err != nil {
		t.Fatal(err)
	}
	d := kiln.MapWith(kiln.Range(s, 0, 3, 1), b, scaled)
	if sum, err := kiln.Sum(t.Context(), d); sum != 9 || err != nil {
		t.Errorf("sum %v, %v; want 9", sum, err)
	}
	if err := b.Unpersist(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sum, err := kiln.Sum(t.Context(), d); sum != 9 || err != nil {
		t.Errorf("unpersisted: sum %v, %v; want 9", sum, err)
	}
	if err := b.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = kiln.Sum(t.Context(), d)
	if !errors.Is(err, kiln.ErrDestroyed) {
		t.Errorf("got %v, want ErrDestroyed", err)
	}
	wantWords(t, err, m.site())
	defer func() {
		err, _ := recover().(error)
		if !errors.Is(err, kiln.ErrDestroyed) {
			t.Errorf("on the driver: got %v, want ErrDestroyed", err)
		}
		wantWords(t, err, m.site())
	}()
	b.Get()
}

func counted(a kiln.Accumulator[int64], i int64) int64 {
	a.Add(1)
	return i
}

func TestAnAccumulatorCountsEachResultPartitionOnce(t *testing.T) {
	c := kilntest.Start(t)
	a := kiln.NewCounter(c.Session(), "rows")
	c.FailTask(kilntest.Partition(1), errEnough, 2)
	c.OnTask(kilntest.Partition(2), 1, func(task kilntest.Task) { c.LoseExecutor(task.Executor) })
	d := kiln.MapWith(kiln.Range(c.Session(), 0, 1000, 1, 5), a, counted)
	if n, err := d.Count(t.Context()); n != 1000 || err != nil {
		t.Fatalf("count %d, %v", n, err)
	}
	if a.Value() != 1000 {
		t.Errorf("the accumulator has %d, want 1000", a.Value())
	}
}

func addThenFail(a kiln.Accumulator[int64], i int64) int64 {
	a.Add(1)
	if i == 99 {
		kiln.Fail(errEnough)
	}
	return i
}

func TestAFailedTaskAddsNothing(t *testing.T) {
	s := start(t, kiln.Master("local[1,3]"))
	a := kiln.NewCounter(s, "rows")
	if _, err := kiln.MapWith(kiln.Range(s, 0, 100, 1, 1), a, addThenFail).Count(t.Context()); err == nil {
		t.Fatal("the task cannot succeed")
	}
	if a.Value() != 0 {
		t.Errorf("the accumulator has %d, want 0", a.Value())
	}
}

// tallies are an accumulator that can be merged, and one that can not.
type tallies struct {
	good kiln.Accumulator[int64]
	bad  kiln.AccumulatorOf[int64, int64]
}

func addUp(a, b int64) int64 { return a + b }

func refuse(int64, int64) int64 { panic("no") }

func tallied(t tallies, i int64) int64 {
	t.bad.Add(i)
	t.good.Add(i)
	return i
}

func TestAnAccumulatorThatCannotBeMergedHarmsNothingElse(t *testing.T) {
	s := start(t)
	both := tallies{kiln.NewSum[int64](s, "good"), kiln.NewAccumulator(s, "bad", 0, addUp, refuse)}
	for range 2 {
		if n, err := kiln.MapWith(kiln.Range(s, 0, 100, 1, 4), both, tallied).Count(t.Context()); n != 100 || err != nil {
			t.Fatalf("count %d, %v", n, err)
		}
	}
	if got := both.good.Value(); got != 2*4950 {
		t.Errorf("the other accumulator has %d, want %d", got, 2*4950)
	}
}

func readAccumulator(a kiln.Accumulator[int64], _ int64) int64 { return a.Value() }

func TestAnAccumulatorIsReadOnTheDriverOnly(t *testing.T) {
	s := start(t)
	a := kiln.NewCounter(s, "rows read")
	_, err := kiln.MapWith(kiln.Range(s, 0, 1, 1), a, readAccumulator).Count(t.Context())
	wantWords(t, err, "rows read", "driver")
}

func TestUnpersistedRowsAreComputedAgain(t *testing.T) {
	for _, level := range []kiln.StorageLevel{kiln.MemoryOnly, kiln.MemoryEncoded, kiln.MemoryAndDisk, kiln.MemoryAndDiskEncoded, kiln.DiskOnly} {
		s := start(t)
		a := kiln.NewCounter(s, "computed")
		d := kiln.MapWith(kiln.Range(s, 0, 1000, 1, 3), a, counted).Persist(level)
		for range 2 {
			if n, err := d.Count(t.Context()); n != 1000 || err != nil {
				t.Fatalf("%v: count %d, %v", level, n, err)
			}
		}
		if a.Value() != 1000 {
			t.Errorf("%v: %d rows were computed for two jobs, want 1000", level, a.Value())
		}
		if err := d.Unpersist(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := d.Count(t.Context()); n != 1000 || err != nil {
			t.Fatalf("%v: count %d, %v", level, n, err)
		}
		if a.Value() != 2000 {
			t.Errorf("%v: %d rows were computed in all, want 2000", level, a.Value())
		}
	}
}

func TestACheckpointCutsTheLineage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "checkpoints")
	for name, cut := range map[string]func(kiln.RDD[int64]) kiln.RDD[int64]{
		"files": kiln.RDD[int64].Checkpoint, "local": kiln.RDD[int64].LocalCheckpoint,
	} {
		s := start(t, kiln.Set("kiln.checkpoint.dir", dir))
		a := kiln.NewCounter(s, "computed")
		d := cut(kiln.MapWith(kiln.Range(s, 0, 1000, 1, 3), a, counted))
		for range 2 {
			if sum, err := kiln.Sum(t.Context(), d); sum != 499500 || err != nil {
				t.Fatalf("%s: sum %v, %v", name, sum, err)
			}
		}
		if a.Value() != 1000 {
			t.Errorf("%s: %d rows were computed, want 1000", name, a.Value())
		}
		if text := d.Explain(); !strings.Contains(text, "checkpoint") {
			t.Errorf("%s: Explain says nothing of it:\n%s", name, text)
		}
	}
}

// lines gives what a saved directory holds.
func lines(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "part-*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Fields(string(text))...)
	}
	return all
}

func TestASaveIsAllOrNothing(t *testing.T) {
	s := start(t)
	parent := t.TempDir()
	out := filepath.Join(parent, "out")
	if err := kiln.Range(s, 0, 4, 1, 2).SaveText(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, out); !slices.Equal(got, []string{"0", "1", "2", "3"}) {
		t.Errorf("saved %v", got)
	}
	if _, err := os.Stat(filepath.Join(out, "_SUCCESS")); err != nil {
		t.Error(err)
	}
	if err := kiln.Range(s, 0, 9, 1, 2).SaveText(t.Context(), out); !errors.Is(err, kiln.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	} else {
		wantWords(t, err, out, "overwrite", "fault_shared_test.go")
	}
	bad := kiln.Map(kiln.Range(s, 0, 9, 1, 2), failTyped)
	if err := bad.SaveText(t.Context(), out, kiln.Overwrite()); err == nil {
		t.Error("the save cannot succeed")
	}
	if got := lines(t, out); !slices.Equal(got, []string{"0", "1", "2", "3"}) {
		t.Errorf("a save that failed left %v of what was there", got)
	}
	if err := bad.SaveText(t.Context(), filepath.Join(parent, "failed")); err == nil {
		t.Error("the save cannot succeed")
	}
	if err := kiln.Range(s, 7, 9, 1, 1).SaveText(t.Context(), out, kiln.Overwrite()); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, out); !slices.Equal(got, []string{"7", "8"}) {
		t.Errorf("overwritten: %v", got)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
		t.Errorf("left beside the output: %v, %v", left, err)
	}
}

func TestASaveSurvivesFailingTasksAndLostExecutors(t *testing.T) {
	c := kilntest.Start(t)
	parent := t.TempDir()
	out := filepath.Join(parent, "out")
	c.FailTask(kilntest.Partition(1), errEnough, 2)
	c.OnTask(kilntest.Partition(2), 1, func(task kilntest.Task) { c.LoseExecutor(task.Executor) })
	if err := kiln.Range(c.Session(), 0, 6, 1, 3).SaveText(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, out); !slices.Equal(got, []string{"0", "1", "2", "3", "4", "5"}) {
		t.Errorf("saved %v", got)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
		t.Errorf("left beside the output: %v, %v", left, err)
	}
}
