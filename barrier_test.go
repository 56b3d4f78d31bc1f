package kiln_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// together is a barrier over the numbers below 8, two in each of four partitions.
func together(s *kiln.Session) kiln.RDD[int64] { return kiln.Barrier(kiln.Range(s, 0, 8, 1, 4)) }

// wide starts a cluster with four slots on two executors, so that what tasks say crosses from one to the other.
func wide(t testing.TB, more ...kilntest.Option) *kilntest.Cluster {
	t.Helper()
	return kilntest.Start(t, append([]kilntest.Option{kilntest.Executors(2), kilntest.Slots(2)}, more...)...)
}

func total(rows iter.Seq[int64]) (sum int64) {
	for r := range rows {
		sum += r
	}
	return sum
}

// row gives one row, or the error.
func row[T any](v T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(v, err) }
}

func gathered(c *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[string, error] {
	all, err := c.AllGather(fmt.Sprint(total(rows)))
	return row(fmt.Sprint(c.Partition(), all), err)
}

var whatAllGathered = []string{"0 [1 5 9 13]", "1 [1 5 9 13]", "2 [1 5 9 13]", "3 [1 5 9 13]"}

func TestEveryTaskOfABarrierStageLearnsWhatEachOfThemSaid(t *testing.T) {
	c := wide(t)
	got, err := kiln.MapPartitions(together(c.Session()), gathered).Collect(t.Context())
	if err != nil || !slices.Equal(got, whatAllGathered) {
		t.Errorf("got %q, %v, want %q", got, err, whatAllGathered)
	}
}

// before counts the tasks that came to each round of manyRounds.
var before [20]atomic.Int32

// manyRounds meets the others many times, and says in how many of them somebody was missing who should have come.
func manyRounds(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] {
	alone := 0
	for round := range before {
		before[round].Add(1)
		var err error
		if round%3 == 2 {
			var all []string
			all, err = c.AllGather(fmt.Sprint(round))
			if !slices.Equal(all, slices.Repeat([]string{fmt.Sprint(round)}, 4)) {
				alone++
			}
		} else {
			err = c.Barrier()
		}
		if err != nil {
			return row(0, err)
		}
		if before[round].Load() != 4 {
			alone++
		}
	}
	return row(alone, nil)
}

func TestNoTaskGoesOnBeforeAllHaveComeInAnyRound(t *testing.T) {
	for round := range before {
		before[round].Store(0)
	}
	c := wide(t)
	got, err := kiln.MapPartitions(together(c.Session()), manyRounds).Collect(t.Context())
	if err != nil || !slices.Equal(got, []int{0, 0, 0, 0}) {
		t.Errorf("rounds in which a task was not waited for, by partition: %v, %v", got, err)
	}
}

func placed(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] {
	return row(len(c.Hosts()), nil)
}

func TestTheTasksOfABarrierStageKnowTheirHosts(t *testing.T) {
	s := start(t)
	for name, c := range map[string]struct {
		rdd  kiln.RDD[int64]
		want []int
	}{
		"barrier":    {kiln.Barrier(kiln.Range(s, 0, 2, 1, 2)), []int{2, 2}},
		"no barrier": {kiln.Range(s, 0, 2, 1, 2), []int{0, 0}},
	} {
		if got, err := kiln.MapPartitions(c.rdd, placed).Collect(t.Context()); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
	}
}

// attempts remembers, under a name, which stage attempts ran each partition.
type attempts struct{ seen [4]atomic.Int32 }

var attemptsOf = map[string]*attempts{"fails": {}, "lost": {}, "map": {}, "saves": {}, "kept": {}}

// noted notes the stage attempt, meets the others and passes rows on.
func noted(name string, c *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		attemptsOf[name].seen[c.Partition()].Add(1)
		if err := c.Barrier(); err != nil {
			yield(0, err)
			return
		}
		for r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// watch forgets what an earlier run of the test has noted.
func watch(name string) *attempts {
	a := attemptsOf[name]
	for p := range a.seen {
		a.seen[p].Store(0)
	}
	return a
}

// wantTwice wants every partition to have begun twice.
func (a *attempts) wantTwice(t *testing.T) {
	t.Helper()
	for p := range a.seen {
		if n := a.seen[p].Load(); n != 2 {
			t.Errorf("partition %d was begun %d times, want twice: all or none", p, n)
		}
	}
}

var upTo8 = []int64{0, 1, 2, 3, 4, 5, 6, 7}

// lastWrong fails the last task of the first attempt, when the others may be done.
func lastWrong(c *kiln.TaskContext, rows iter.Seq[int64]) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		for r := range rows {
			if !yield(r, nil) {
				return
			}
		}
		if c.Partition() == 3 && c.StageAttempt() == 0 {
			yield(0, errors.New("the last one has failed"))
		}
	}
}

func TestABarrierStageOfWhichATaskFailsRunsAgainAsAWhole(t *testing.T) {
	c, seen := wide(t), watch("fails")
	sum := kiln.NewCounter(c.Session(), "rows")
	rows := kiln.MapPartitions(kiln.MapPartitionsWith(together(c.Session()), "fails", noted), lastWrong)
	got, err := kiln.MapWith(rows, sum, counted).Collect(t.Context())
	if err != nil || !slices.Equal(got, upTo8) {
		t.Errorf("got %v, %v, want %v", got, err, upTo8)
	}
	seen.wantTwice(t)
	if n := sum.Value(); n != 8 {
		t.Errorf("the accumulator has %d, want 8: the first attempt does not count", n)
	}
}

func TestABarrierStageThatLosesAnExecutorWhileItWaitsRunsAgainAsAWhole(t *testing.T) {
	c, seen := wide(t), &watch("lost").seen
	hold := c.Hold(kilntest.Both(kilntest.Partition(0), func(k kilntest.Task) bool { return k.StageAttempt == 0 }))
	go func() { // the others come to the barrier, where they wait for the one that is held
		k := <-hold.Arrived()
		for seen[1].Load()+seen[2].Load()+seen[3].Load() < 3 {
			runtime.Gosched()
		}
		c.LoseExecutor(k.Executor)
		hold.Release()
	}()
	got, err := kiln.MapPartitionsWith(together(c.Session()), "lost", noted).Collect(t.Context())
	if err != nil || !slices.Equal(got, upTo8) {
		t.Errorf("got %v, %v, want %v", got, err, upTo8)
	}
	for p := 1; p < 4; p++ {
		if n := seen[p].Load(); n != 2 {
			t.Errorf("partition %d was begun %d times, want twice", p, n)
		}
	}
}

func byParity(i int64) kiln.KV[int64, int64] { return kiln.Pair(i%2, i) }

func TestABarrierStageWhoseMapOutputsAreLostRunsAgainAsAWhole(t *testing.T) {
	c, seen := wide(t), watch("map")
	c.OnTask(kilntest.ReduceTasks, 1, func(k kilntest.Task) { c.LoseExecutor(k.Executor) })
	pairs := kiln.Map(kiln.MapPartitionsWith(together(c.Session()), "map", noted), byParity)
	got, err := kiln.SortByKey(kiln.ReduceByKey(pairs, add, kiln.Partitions(2)), kiln.Partitions(1)).Collect(t.Context())
	if want := []kiln.KV[int64, int64]{kiln.Pair[int64, int64](0, 12), kiln.Pair[int64, int64](1, 16)}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	seen.wantTwice(t)
}

func TestABarrierStageThatSavesPublishesOneAttempt(t *testing.T) {
	c := wide(t)
	dir := filepath.Join(t.TempDir(), "out")
	c.FailTask(kilntest.Both(kilntest.Partition(2), func(k kilntest.Task) bool { return k.StageAttempt == 0 }), errors.New("bad luck"), 1)
	if err := kiln.MapPartitionsWith(together(c.Session()), "saves", noted).SaveText(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "part-*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files, %v, want 4", len(files), err)
	}
	var text strings.Builder
	for _, f := range files {
		text.Write(kiln.Must(os.ReadFile(f)))
	}
	if got := strings.Fields(text.String()); !slices.Equal(got, strings.Fields("0 1 2 3 4 5 6 7")) {
		t.Errorf("the files have %v", got)
	}
}

// TestPartitionsKeptOverABarrierAreAllThereOrNone: a task that finds its partition does not come to the barrier, where one that does not
// find its own would wait for it.
func TestPartitionsKeptOverABarrierAreAllThereOrNone(t *testing.T) {
	c, seen := wide(t), watch("kept")
	kept := kiln.MapPartitionsWith(together(c.Session()), "kept", noted).Cache()
	for i := range 3 {
		if n, err := kept.Count(t.Context()); err != nil || n != 8 {
			t.Fatalf("count %d gives %d, %v", i, n, err)
		}
		if i == 1 {
			c.LoseExecutor(c.Executors()[0])
		}
	}
	seen.wantTwice(t)
}
