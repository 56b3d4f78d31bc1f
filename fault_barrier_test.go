package kiln_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

// four starts a session with a slot for each task of together.
func four(t testing.TB, more ...kiln.Option) *kiln.Session {
	t.Helper()
	return start(t, append([]kiln.Option{kiln.Master("local[4]")}, more...)...)
}

func mixed(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] {
	if c.Partition() == 0 {
		return row(0, c.Barrier())
	}
	_, err := c.AllGather("x")
	return row(0, err)
}

func unbalanced(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] {
	if c.Partition() == 0 {
		return row(0, nil)
	}
	return row(0, c.Barrier())
}

func oneStays(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] {
	if c.Partition() == 0 {
		<-c.Done()
	}
	return row(0, c.Barrier())
}

func talkative(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] {
	_, err := c.AllGather(strings.Repeat("x", 5<<20))
	return row(0, err)
}

func tooTalkative(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] {
	_, err := c.AllGather(strings.Repeat("x", 17<<20))
	return row(0, err)
}

func meets(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] { return row(0, c.Barrier()) }

func TestTasksThatDoNotComeTogetherFailWithOneClearError(t *testing.T) {
	for name, c := range map[string]struct {
		f     func(*kiln.TaskContext, iter.Seq[int64]) iter.Seq2[int, error]
		words []string
	}{
		"different calls":   {mixed, []string{"while others wait in", "all tasks of a barrier stage make the same calls"}},
		"one does not call": {unbalanced, []string{"Barrier: a task of the barrier stage (the one in place 0) has ended"}},
		"one takes long":    {oneStays, []string{"Barrier: only 3 of 4 tasks called Barrier within 50ms (kiln.barrier.sync.timeout)"}},
		"much is said":      {talkative, []string{"AllGather: the messages of the tasks take more than 16777216 bytes together"}},
		"too much is said":  {tooTalkative, []string{"AllGather: a message of 17825792 bytes is too long"}},
	} {
		t.Run(name, func(t *testing.T) {
			timeout := "1h"
			if name == "one takes long" {
				timeout = "50ms"
			}
			s := four(t, kiln.Set("kiln.barrier.sync.timeout", timeout))
			_, err := kiln.MapPartitions(together(s), c.f).Collect(t.Context())
			var b *kiln.BarrierError
			if !errors.As(err, &b) {
				t.Errorf("got %v, want a *kiln.BarrierError", err)
			}
			wantWords(t, err, append(c.words, "fault_barrier_test.go")...)
		})
	}
}

func TestOutsideABarrierStageATaskMeetsNobody(t *testing.T) {
	_, err := kiln.MapPartitions(kiln.Range(four(t), 0, 8, 1, 4), meets).Collect(t.Context())
	wantWords(t, err, "Barrier: the task is alone, since its stage is not a barrier stage", "fault_barrier_test.go")
}

func TestWhatCannotBeABarrierStageIsRefusedBeforeATaskRuns(t *testing.T) {
	s := four(t)
	b := together(s)
	met, plain := kiln.MapPartitions(b, meets), kiln.Map(kiln.Range(s, 0, 8, 1, 4), func(int64) int { return 0 })
	few := kiln.MapPartitions(kiln.Barrier(kiln.Range(s, 0, 8, 1, 5)), meets)
	collect := func(ctx context.Context, d kiln.RDD[int]) error { _, err := d.Collect(ctx); return err }
	take := func(ctx context.Context, d kiln.RDD[int]) error { _, err := d.Take(ctx, 1); return err }
	first := func(ctx context.Context, d kiln.RDD[int]) error { _, err := d.First(ctx); return err }
	seq := func(ctx context.Context, d kiln.RDD[int]) (err error) {
		for _, err = range d.Seq(ctx) {
		}
		return err
	}
	for name, c := range map[string]struct {
		rdd   kiln.RDD[int]
		act   func(context.Context, kiln.RDD[int]) error
		words []string
	}{
		"union":      {kiln.Union(met, plain), collect, []string{"Barrier at", "Union at", "are in one barrier stage, and have 4 and 8 partitions", "Repartition"}},
		"coalesce":   {kiln.Coalesce(met, 1), collect, []string{"have 4 and 1 partitions"}},
		"zip of two": {kiln.Values(kiln.Zip(met, kiln.MapPartitions(b, meets))), collect, []string{"Zip at", "reads two barriers in one stage"}},
		"before a shuffle": {kiln.Keys(kiln.ReduceByKey(kiln.Map(kiln.Union(met, plain), func(i int) kiln.KV[int, int64] { return kiln.Pair(i, int64(1)) }), add)),
			collect, []string{"have 4 and 8 partitions"}},
		"take":           {met, take, []string{"asks for 1 of the 4 partitions of a barrier stage", "after Barrier at"}},
		"first":          {met, first, []string{"asks for 1 of the 4 partitions"}},
		"seq":            {met, seq, []string{"asks for 1 of the 4 partitions"}},
		"too many tasks": {few, collect, []string{"is a barrier stage, whose 5 tasks run at the same time: they take 5 slots, and there are never more than 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.act(t.Context(), c.rdd)
			wantWords(t, err, append(c.words, "fault_barrier_test.go")...)
			if j := jobError(t, err); j.Attempts != 0 {
				t.Errorf("tried %d times, want never", j.Attempts)
			}
		})
	}
}

func TestWhatReadsABarrierPartitionByPartitionIsGood(t *testing.T) {
	s := four(t)
	met := kiln.MapPartitions(together(s), meets)
	if n, err := kiln.Zip(met, met2(s)).Count(t.Context()); err != nil || n != 4 {
		t.Errorf("zipped with another RDD: %d, %v", n, err)
	}
	if n, err := kiln.Repartition(met, 2).First(t.Context()); err != nil || n != 0 {
		t.Errorf("behind a shuffle: %d, %v", n, err)
	}
	under := kiln.Union(kiln.Range(s, 0, 2, 1, 2), kiln.Range(s, 2, 4, 1, 2))
	if n, err := kiln.MapPartitions(kiln.Barrier(under), meets).Count(t.Context()); err != nil || n != 4 {
		t.Errorf("over a union: %d, %v", n, err)
	}
}

// met2 has as many rows as a partition of meets, and no barrier.
func met2(s *kiln.Session) kiln.RDD[int64] { return kiln.Range(s, 0, 4, 1, 4) }

// waits tells what Barrier gave to a task of a job that was cancelled.
var waits = make(chan error, 4)

func cancelledThere(c *kiln.TaskContext, _ iter.Seq[int64]) iter.Seq2[int, error] {
	reached("barrier")
	if c.Partition() == 0 {
		<-c.Done()
	}
	err := c.Barrier()
	waits <- err
	return row(0, err)
}

func TestATaskThatWaitsAtABarrierIsWokenWhenItsJobIsCancelled(t *testing.T) {
	s := four(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	go func() {
		for range 4 {
			<-gates["barrier"]
		}
		cancel(errEnough)
	}()
	_, err := kiln.MapPartitions(together(s), cancelledThere).Collect(ctx)
	if !errors.Is(err, kiln.ErrCancelled) {
		t.Errorf("got %v", err)
	}
	for range 4 {
		wantWords(t, <-waits, "killed: we have seen enough")
	}
	if n, err := kiln.MapPartitions(together(s), meets).Count(t.Context()); n != 4 || err != nil {
		t.Errorf("the next job gives %d, %v", n, err)
	}
}
