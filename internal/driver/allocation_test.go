package driver_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/driver"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// elastic lets at most four executors of one slot come and go.
func elastic(c *driver.Config) {
	c.Executor = profile.Executor{Slots: 1, Memory: 1 << 30}
	c.Allocation = &driver.Allocation{Rules: alloc.Config{
		Max: 4, Ratio: 1, Backlog: time.Second, Sustained: time.Second,
		Idle: 2 * time.Second, CachedIdle: 20 * time.Second, ShuffleIdle: 5 * time.Second, TrackShuffles: true,
	}}
}

// pass lets virtual time pass, and everything be done that follows from it.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wants says how many executors the manager should be asked for, by profile.
func (r *rig) wants(executors ...int) {
	r.t.Helper()
	r.manager.mu.Lock()
	defer r.manager.mu.Unlock()
	var got []int
	for i, w := range r.manager.want {
		if int(w.Profile) != i {
			r.t.Errorf("profile %d is at place %d", w.Profile, i)
		}
		got = append(got, w.Executors)
	}
	if !slices.Equal(got, executors) {
		r.t.Errorf("%d executors are asked for, want %d", got, executors)
	}
}

func (r *rig) released(executors ...int32) {
	r.t.Helper()
	r.manager.mu.Lock()
	defer r.manager.mu.Unlock()
	if !slices.Equal(r.manager.released, executors) {
		r.t.Errorf("executors %v were released, want %v", r.manager.released, executors)
	}
}

func TestTheNumberOfExecutorsFollowsTheLoad(t *testing.T) {
	drive(t, elastic, func(r *rig) {
		pass(time.Second)
		r.wants(0)
		ctx, cancel := context.WithCancelCause(r.t.Context())
		done := r.run(ctx, 8)
		for _, n := range []int{0, 1, 3, 4, 4} {
			pass(200 * time.Millisecond)
			r.wants(n)
			pass(800 * time.Millisecond)
		}
		cancel(errors.New("lost interest"))
		<-done
		pass(200 * time.Millisecond)
		r.wants(0)
	})
}

func TestAnExecutorWithNothingToDoIsReleasedAndGetsNoTaskAnyMore(t *testing.T) {
	drive(t, elastic, func(r *rig) {
		a := r.executor(0)
		done := r.run(r.t.Context(), 1)
		l := a.launch()
		pass(10 * time.Second)
		r.released()
		a.send(&wire.Up{Ends: []task.End{ended(l, "a")}})
		<-done
		pass(1500 * time.Millisecond)
		r.released()
		pass(time.Second)
		r.released(0)
		done = r.run(r.t.Context(), 1) // before the executor is gone
		pass(time.Second)
		if len(a.launches) > 0 {
			t.Errorf("launched %v", a.launches)
		}
		r.manager.handler.Gone(0, cluster.Loss{Text: "it was released", Asked: true})
		b := r.executor(1)
		b.send(&wire.Up{Ends: []task.End{ended(b.launch(), "b")}})
		if o := <-done; o.err != nil || o.values[0] != "b" {
			t.Errorf("got %+v", o)
		}
	})
}

func TestAnExecutorStaysForMapOutputsThatAreRead(t *testing.T) {
	drive(t, elastic, func(r *rig) {
		a := r.executor(0)
		done := make(chan error, 1)
		go func() {
			job := sched.Job{Stages: []sched.StageSpec{
				{Name: "map", IsMap: true, Shuffle: 1, Partitions: 1, Reduces: 2, Body: []byte{1}},
				{Name: "count", Partitions: 2, Parents: []ids.ShuffleID{1}, Body: []byte{1}},
			}}
			done <- r.d.Run(r.t.Context(), job, func(int32, []byte) {})
		}()
		mapped := ended(a.launch(), "")
		mapped.Sizes = task.PackSizes([]int64{1, 1})
		b := r.executor(1)
		a.send(&wire.Up{Ends: []task.End{mapped}})
		a.send(&wire.Up{Ends: []task.End{ended(a.launch(), "a")}})
		l := b.launch()
		pass(10 * time.Second)
		r.released()
		b.send(&wire.Up{Ends: []task.End{ended(l, "b")}})
		if err := <-done; err != nil {
			t.Error(err)
		}
		pass(200 * time.Millisecond)
		r.released(0) // a has had nothing to do for long
		pass(2 * time.Second)
		r.released(0, 1)
	})
}

func TestAnExecutorStaysLongerForCachedPartitions(t *testing.T) {
	drive(t, elastic, func(r *rig) {
		a := r.executor(0)
		a.send(&wire.Up{Blocks: []wire.BlockChange{{ID: ids.RDD(7, 0), Size: 1, InMemory: true}, {ID: ids.RDD(7, 1), Size: 1, OnDisk: true}}})
		pass(10 * time.Second)
		a.send(&wire.Up{Blocks: []wire.BlockChange{{ID: ids.RDD(7, 0)}}})
		pass(time.Second)
		r.released()
		a.send(&wire.Up{Blocks: []wire.BlockChange{{ID: ids.RDD(7, 1)}}})
		pass(time.Second)
		r.released(0)
	})
}

func TestDrainedExecutorsAreReleased(t *testing.T) {
	drain := func(c *driver.Config) {
		elastic(c)
		c.Allocation.Rules.Drain = true
	}
	drive(t, drain, func(r *rig) {
		r.executor(0)
		pass(3 * time.Second)
		r.released(0)
		r.wants(0)
	})
}

// An executor that drains works no more, and stays for what others read of it: without another one the job would wait for ever.
func TestAnotherExecutorComesForOneThatDrains(t *testing.T) {
	draining := func(c *driver.Config) {
		elastic(c)
		c.Sched.Health = health.Config{Application: true, AppOnExecutor: 1, Timeout: time.Hour, Ending: health.Decommission}
	}
	drive(t, draining, func(r *rig) {
		a := r.executor(0)
		done := make(chan error, 1)
		go func() {
			job := sched.Job{Stages: []sched.StageSpec{
				{Name: "map", IsMap: true, Shuffle: 1, Partitions: 1, Reduces: 1, Body: []byte{1}},
				{Name: "count", Partitions: 1, Parents: []ids.ShuffleID{1}, Body: []byte{1}},
			}}
			done <- r.d.Run(r.t.Context(), job, func(int32, []byte) {})
		}()
		failed := ended(a.launch(), "")
		failed.Reason = task.EndReason{Fate: task.Failed, Error: &task.Error{Text: "no"}}
		a.send(&wire.Up{Ends: []task.End{failed}})
		mapped := ended(a.launch(), "")
		mapped.Sizes = task.PackSizes([]int64{1})
		a.send(&wire.Up{Ends: []task.End{mapped}})
		pass(2500 * time.Millisecond)
		r.wants(2)
		b := r.executor(1)
		b.send(&wire.Up{Ends: []task.End{ended(b.launch(), "b")}})
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
