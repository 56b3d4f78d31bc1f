package kilntest_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

// example stands for the *testing.T of a test, so that the examples can run and show what they print.
func example(test func(t testing.TB)) {
	dir := kiln.Must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(context.Background())
	e := &exampleTB{dir: dir, ctx: ctx}
	defer func() {
		cancel()
		for i := len(e.cleanups) - 1; i >= 0; i-- {
			e.cleanups[i]()
		}
	}()
	test(e)
}

type exampleTB struct {
	testing.TB
	dir      string
	ctx      context.Context
	cleanups []func()
}

func (e *exampleTB) Helper()                           {}
func (e *exampleTB) Name() string                      { return "Example" }
func (e *exampleTB) TempDir() string                   { return e.dir }
func (e *exampleTB) Context() context.Context          { return e.ctx }
func (e *exampleTB) Cleanup(f func())                  { e.cleanups = append(e.cleanups, f) }
func (e *exampleTB) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (e *exampleTB) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (e *exampleTB) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func one(w string) kiln.KV[string, int64]    { return kiln.Pair(w, int64(1)) }
func byWord(a, b kiln.KV[string, int64]) int { return strings.Compare(a.Key, b.Key) }
func count(lines kiln.RDD[string]) kiln.RDD[kiln.KV[string, int64]] {
	return kiln.ReduceByKey(kiln.Map(kiln.FlatMap(lines, strings.Fields), one), plus)
}

// A test of a pipeline: t is its *testing.T.
func ExampleStart() {
	example(func(t testing.TB) {
		c := kilntest.Start(t, kilntest.Executors(3), kilntest.Memory("64m"))
		lines := kiln.Parallelize(c.Session(), []string{"to be or", "not to be"})
		counts, err := count(lines).TakeOrdered(t.Context(), 10, byWord)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(counts)
	})
	// Output: [{be 2} {not 1} {or 1} {to 2}]
}

// The answer stays the same when an executor dies under its tasks.
func ExampleCluster_LoseExecutor() {
	example(func(t testing.TB) {
		c := kilntest.Start(t)
		c.OnTask(kilntest.ReduceTasks, 1, func(task kilntest.Task) { c.LoseExecutor(task.Executor) })
		lines := kiln.Parallelize(c.Session(), []string{"to be or", "not to be"}, 4)
		counts, err := count(lines).TakeOrdered(t.Context(), 10, byWord)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(counts)
	})
	// Output: [{be 2} {not 1} {or 1} {to 2}]
}

// An executor that is told to go hands its map outputs to others: no map task runs again.
func ExampleCluster_DrainExecutor() {
	example(func(t testing.TB) {
		c := kilntest.Start(t)
		var maps atomic.Int32
		c.OnTask(kilntest.MapTasks, kilntest.Always, func(kilntest.Task) { maps.Add(1) })
		c.OnTask(kilntest.ReduceTasks, 1, func(task kilntest.Task) { c.DrainExecutor(task.Executor) })
		lines := kiln.Parallelize(c.Session(), []string{"to be or", "not to be"}, 4)
		counts, err := count(lines).TakeOrdered(t.Context(), 10, byWord)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(counts, maps.Load())
	})
	// Output: [{be 2} {not 1} {or 1} {to 2}] 4
}

// A task that fails is tried again, and what it added to an accumulator before does not count.
func ExampleCluster_FailTask() {
	example(func(t testing.TB) {
		c := kilntest.Start(t)
		c.FailTask(kilntest.Partition(0), os.ErrDeadlineExceeded, 2)
		n, err := kiln.Range(c.Session(), 0, 100, 1, 4).Count(t.Context())
		fmt.Println(n, err)
	})
	// Output: 100 <nil>
}

// Shuffled data that was damaged on disk is found out by its checksum, and computed again.
func ExampleCluster_CorruptShuffle() {
	example(func(t testing.TB) {
		c := kilntest.Start(t)
		counts := count(kiln.Parallelize(c.Session(), []string{"to be or", "not to be"}, 2))
		before, _ := counts.Count(t.Context())
		harmed := c.CorruptShuffle(1)
		after, err := counts.Count(t.Context())
		fmt.Println(before, harmed, after, err)
	})
	// Output: 4 1 4 <nil>
}

// Hold stops tasks at their start, so that a test sees them run side by side.
func ExampleCluster_Hold() {
	example(func(t testing.TB) {
		c := kilntest.Start(t)
		h := c.Hold(kilntest.AnyTask)
		go func() {
			<-h.Arrived()
			c.Session().CancelAll("enough")
		}()
		_, err := kiln.Range(c.Session(), 0, 100, 1, 4).Count(t.Context())
		fmt.Println(strings.Contains(err.Error(), "cancelled: enough"))
	})
	// Output: true
}
