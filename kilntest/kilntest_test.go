package kilntest_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/kilntest"
)

func TestMain(m *testing.M) {
	kiln.Init()
	goleak.VerifyTestMain(m)
}

const rows = 1000

func keyed(i int64) kiln.KV[int64, int64] { return kiln.Pair(i%7, i) }
func plus(a, b int64) int64               { return a + b }

// sums is a pipeline with one shuffle of four map and three reduce tasks.
func sums(s *kiln.Session) kiln.RDD[kiln.KV[int64, int64]] {
	return kiln.ReduceByKey(kiln.Map(kiln.Range(s, 0, rows, 1, 4), keyed), plus, kiln.Partitions(3))
}

// mustSum runs the pipeline and compares with plain Go.
func mustSum(t *testing.T, d kiln.RDD[kiln.KV[int64, int64]]) {
	t.Helper()
	got, err := d.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]int64{}
	for i := range int64(rows) {
		want[i%7] += i
	}
	for _, kv := range got {
		if want[kv.Key] != kv.Value {
			t.Errorf("key %d: got %d, want %d", kv.Key, kv.Value, want[kv.Key])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
}

// counter counts the tasks that match.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) count(kilntest.Task) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
}

func (c *counter) get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func TestTasksRunOnEveryExecutor(t *testing.T) {
	c := kilntest.Start(t, kilntest.Executors(3), kilntest.Slots(1))
	if p := c.Session().DefaultParallelism(); p != 3 {
		t.Errorf("default parallelism %d, want 3", p)
	}
	// Three tasks that wait for each other must run on three executors of one slot.
	h := c.Hold(kilntest.AnyTask)
	done := make(chan error, 1)
	go func() { _, err := kiln.Range(c.Session(), 0, 3, 1, 3).Count(t.Context()); done <- err }()
	var on []int
	for range 3 {
		on = append(on, (<-h.Arrived()).Executor)
	}
	h.Release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	slices.Sort(on)
	if !slices.Equal(on, []int{0, 1, 2}) {
		t.Errorf("tasks ran on executors %v, want 0, 1 and 2", on)
	}
}

func TestLosingTheExecutorOfAReaderChangesNoAnswer(t *testing.T) {
	c := kilntest.Start(t)
	c.OnTask(kilntest.ReduceTasks, 1, func(task kilntest.Task) { c.LoseExecutor(task.Executor) })
	mustSum(t, sums(c.Session()))
	if got := c.Executors(); len(got) != 2 || slices.Max(got) != 2 {
		t.Errorf("executors %v, want two with one that is new", got)
	}
}

func TestLosingTheExecutorOfAWriterChangesNoAnswer(t *testing.T) {
	c := kilntest.Start(t)
	c.OnTask(kilntest.Both(kilntest.MapTasks, kilntest.Partition(2)), 1, func(task kilntest.Task) { c.LoseExecutor(task.Executor) })
	mustSum(t, sums(c.Session()))
}

func TestLosingEveryExecutorBetweenJobsChangesNoAnswer(t *testing.T) {
	c := kilntest.Start(t)
	d := sums(c.Session())
	mustSum(t, d)
	for range 2 {
		if c.LoseRandom() < 0 {
			t.Error("there was no executor to lose")
		}
	}
	mustSum(t, d)
}

func TestLosingAnExecutorThatIsNotThereIsRefused(t *testing.T) {
	if kilntest.Start(t).LoseExecutor(17) {
		t.Error("executor 17 was never started")
	}
}

func TestLostMapOutputsAreMadeAgain(t *testing.T) {
	c := kilntest.Start(t)
	d := sums(c.Session())
	mustSum(t, d)
	var again counter
	c.OnTask(kilntest.MapTasks, kilntest.Always, again.count)
	if n := c.LoseShuffle(); n != 4 {
		t.Errorf("lost %d map outputs, want 4", n)
	}
	mustSum(t, d)
	if again.get() < 4 {
		t.Errorf("%d map tasks ran again, want all 4", again.get())
	}
}

func TestCorruptMapOutputsAreMadeAgain(t *testing.T) {
	for _, executors := range []int{1, 3} {
		c := kilntest.Start(t, kilntest.Executors(executors))
		d := sums(c.Session())
		mustSum(t, d)
		var again counter
		c.OnTask(kilntest.MapTasks, kilntest.Always, again.count)
		if n := c.CorruptShuffle(3); n != 3 {
			t.Errorf("harmed %d map outputs, want 3", n)
		}
		mustSum(t, d)
		if again.get() < 3 {
			t.Errorf("%d executors: %d map tasks ran again, want 3", executors, again.get())
		}
	}
}

func TestCorruptCachedBlocksAreMadeAgain(t *testing.T) {
	c := kilntest.Start(t, kilntest.Executors(1))
	d := sums(c.Session()).Persist(kiln.DiskOnly)
	mustSum(t, d)
	if n := c.CorruptBlock(); n != 3 {
		t.Errorf("harmed %d blocks, want 3", n)
	}
	mustSum(t, d)
}

var errBroken = errors.New("broken on purpose")

func TestAFailingTaskIsTriedAgain(t *testing.T) {
	c := kilntest.Start(t)
	c.FailTask(kilntest.Partition(1), errBroken, 3)
	mustSum(t, sums(c.Session()))
}

func TestATaskThatFailsTooOftenFailsTheJobWithItsError(t *testing.T) {
	c := kilntest.Start(t, kilntest.Set("kiln.task.maxFailures", "2"))
	c.FailTask(kilntest.Both(kilntest.ResultTasks, kilntest.Partition(1)), errBroken, kilntest.Always)
	_, err := sums(c.Session()).Count(t.Context())
	var job *kiln.JobError
	if !errors.As(err, &job) || job.Attempts != 2 || job.Partition != 1 {
		t.Fatalf("got %v, want a JobError of partition 1 after 2 tries", err)
	}
	if job.Cause.Error() != errBroken.Error() {
		t.Errorf("cause %q, want %q", job.Cause, errBroken)
	}
}

func TestADelayedTaskEndsWithItsJob(t *testing.T) {
	c := kilntest.Start(t)
	c.Delay(kilntest.Partition(0), time.Hour)
	ctx, cancel := context.WithCancelCause(t.Context())
	c.OnTask(kilntest.Partition(1), 1, func(kilntest.Task) { cancel(errBroken) })
	_, err := kiln.Range(c.Session(), 0, rows, 1, 2).Count(ctx)
	if !errors.Is(err, kiln.ErrCancelled) || !errors.Is(err, errBroken) {
		t.Errorf("got %v, want a cancelled job with its cause", err)
	}
}

func TestGroupsAndJobsNameTheirTasks(t *testing.T) {
	c := kilntest.Start(t)
	var seen counter
	c.OnTask(func(task kilntest.Task) bool { return task.Group == "nightly" && task.Job == "the nightly sums" }, kilntest.Always, seen.count)
	if _, err := kiln.Range(c.Session(), 0, rows, 1, 2).Count(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := kiln.Range(c.Session(), 0, rows, 1, 3).Count(kiln.WithJobGroup(t.Context(), "nightly", "the nightly sums")); err != nil {
		t.Fatal(err)
	}
	if seen.get() != 3 {
		t.Errorf("%d tasks of the group, want 3", seen.get())
	}
}

// accelerator gives the address that a task has.
func accelerator(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield(strings.Join(c.Resources()["gpu"], " "), nil) }
}

func TestANewExecutorGetsTheAddressesOfTheLostOne(t *testing.T) {
	c := kilntest.Start(t, kilntest.Executors(2), kilntest.Slots(1), kilntest.Set("kiln.executor.resource.gpu.addresses", "a,b"),
		kilntest.Set("kiln.executor.resource.gpu.amount", "1"), kilntest.Set("kiln.task.resource.gpu.amount", "1"))
	for range 3 {
		got, err := kiln.MapPartitions(kiln.Range(c.Session(), 0, 8, 1, 8), accelerator).Collect(t.Context())
		slices.Sort(got)
		if used := slices.Compact(got); err != nil || !slices.Equal(used, []string{"a", "b"}) {
			t.Errorf("accelerators %q, %v", used, err)
		}
		lost := c.LoseRandom()
		if lost < 0 {
			t.Fatal("there was no executor to lose")
		}
		replaced := func() bool {
			there := c.Session().Status().Executors
			return len(there) == 2 && !slices.ContainsFunc(there, func(e kiln.ExecutorStatus) bool { return e.ID == lost })
		}
		for !replaced() {
			runtime.Gosched()
		}
	}
}
