package main

import (
	"context"
	"runtime"
	"time"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/bench/data"
)

// empty runs a job of so many tasks with nothing to do.
func empty(ctx context.Context, s *kiln.Session, tasks int64) error {
	_, err := kiln.Range(s, 0, 0, 1, int(tasks)).Count(ctx)
	return err
}

func tasksPerSecond(ctx context.Context, s *kiln.Session, tasks int64) (Measured, error) {
	if err := empty(ctx, s, tasks); err != nil {
		return Measured{}, err
	}
	began := time.Now()
	err := empty(ctx, s, tasks)
	return Measured{Value: float64(tasks) / time.Since(began).Seconds()}, err
}

func kilnEmptyTasks(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	return tasksPerSecond(ctx, s, in.Tasks())
}

func kilnManyTasks(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	return tasksPerSecond(ctx, s, in.ManyTasks())
}

// medianOf gives the median time of a job in microseconds, after some to warm up.
func medianOf(times int, job func() error) (Measured, error) {
	l, err := latencyOf(times/10, times, job)
	return Measured{Value: float64(l.p50.Nanoseconds()) / 1000}, err
}

func kilnOneTask(ctx context.Context, s *kiln.Session, _ data.Input) (Measured, error) {
	return medianOf(1000, func() error { return empty(ctx, s, 1) })
}

func kilnTwoStages(ctx context.Context, s *kiln.Session, _ data.Input) (Measured, error) {
	return medianOf(300, func() error {
		pairs := kiln.Map(kiln.Range(s, 0, 4, 1, 2), func(i int64) pair { return kiln.Pair(i%2, i) })
		_, err := kiln.ReduceByKey(pairs, plus, kiln.Partitions(2)).Collect(ctx)
		return err
	})
}

func kilnColdStart(ctx context.Context, s *kiln.Session, _ data.Input) (Measured, error) {
	_, err := kiln.Sum(ctx, kiln.Range(s, 0, 1000, 1))
	return Measured{Value: float64(sinceStart().Microseconds()) / 1000}, err
}

func kilnManyShuffles(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	width := in.ShuffleWidth()
	return clocked(func() (data.Result, error) {
		rows := kiln.FlatMapWith(kiln.Range(s, 0, width, 1, int(width)), width, func(width, _ int64) []pair {
			all := make([]pair, width)
			for k := range all {
				all[k] = kiln.Pair(int64(k), int64(1))
			}
			return all
		})
		sums := kiln.ReduceByKey(rows, plus, kiln.Partitions(int(width)))
		return kiln.Aggregate(ctx, sums, data.Result{}, func(r data.Result, p pair) data.Result {
			return both(r, data.Result{Rows: 1, Checksum: data.SumOfPair(p.Key, p.Value)})
		}, both)
	})
}

func kilnBroadcast(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	value := make([]byte, in.BroadcastBytes())
	for i := range value {
		value[i] = byte(data.Mix(uint64(i)))
	}
	return clocked(func() (data.Result, error) {
		b, err := kiln.NewBroadcast(s, value)
		if err != nil {
			return data.Result{}, err
		}
		// As many tasks as slots: every executor takes at least one.
		sizes := kiln.MapWith(kiln.Range(s, 0, 2, 1, 2), b, func(b kiln.Broadcast[[]byte], _ int64) int64 { return int64(len(b.Get())) })
		_, err = kiln.Sum(ctx, sizes)
		return data.Result{}, err
	})
}

// kilnDriverCPU counts this process only: on executor processes that is the driver.
func kilnDriverCPU(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	if err := empty(ctx, s, in.Tasks()); err != nil {
		return Measured{}, err
	}
	before := cpuTime()
	err := empty(ctx, s, in.Tasks())
	return Measured{Value: float64((cpuTime() - before).Nanoseconds()) / 1000 / float64(in.Tasks())}, err
}

// kilnDriverHeap looks at the heap while the job runs.
func kilnDriverHeap(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error) {
	runtime.GC()
	done := make(chan error, 1)
	go func() { done <- empty(ctx, s, in.ManyTasks()) }()
	var most uint64
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			return Measured{Value: float64(most) / 1e6}, err
		case <-look.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}
}
