package sched

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/task"
)

// BenchmarkStep plays whole jobs: as many tasks as named, each on a slot of the executors, which end in random order. It tells the
// mean cost of a Step, by the clock and of the processor, and the allocations for each task from launch to end. Random is the worst order for the caches: each Step
// meets a task, an attempt and an executor of which nothing was seen for a while. Ends come by the batch, as from links: which
// tasks end is looked up for all of a batch at once, so that little of what is measured is the benchmark's own.
func BenchmarkStep(b *testing.B) {
	for _, size := range []struct{ executors, slots, tasks int }{
		{2, 1, 100_000}, {100, 4, 1_000_000}, {1_000, 4, 1_000_000}, {10_000, 4, 1_000_000}, {50_000, 4, 1_000_000},
	} {
		b.Run(fmt.Sprintf("executors=%d/slots=%d/tasks=%d", size.executors, size.slots, size.tasks), func(b *testing.B) {
			for range b.N {
				playJob(b, Config{Seed: 1}, size.executors, size.slots, size.tasks, nil)
			}
		})
	}
}

// BenchmarkSpeculation is BenchmarkStep where slow tasks get copies. Which task ends next is chance, so that many are found slow.
func BenchmarkSpeculation(b *testing.B) {
	for _, executors := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("executors=%d/slots=4/tasks=1000000", executors), func(b *testing.B) {
			for range b.N {
				cfg := Config{Seed: 1, Speculation: speculate.Config{Enabled: true, Quantile: 0.5, MinRuntime: 1, AnyRate: true}}
				playJob(b, cfg, executors, 4, 1_000_000, nil)
			}
		})
	}
}

// BenchmarkLocality is the same where each task prefers two hosts, as blocks of files do.
func BenchmarkLocality(b *testing.B) {
	const executors, tasks = 1_000, 200_000
	prefer := make([][]Place, tasks)
	for i := range prefer {
		prefer[i] = []Place{{Host: fmt.Sprintf("h%d", i*7%executors)}, {Host: fmt.Sprintf("h%d", i*13%executors)}}
	}
	for range b.N {
		playJob(b, Config{Seed: 1}, executors, 4, tasks, prefer)
	}
}

// launched is what playJob keeps of a Launch: a quarter of a cache line.
type launched struct {
	id        ids.TaskID
	partition int32
	executor  ids.ExecutorID
}

func playJob(b *testing.B, cfg Config, executors, slots, tasks int, prefer [][]Place) {
	b.StopTimer()
	c := New(cfg)
	var out []Action
	for e := range executors {
		out = c.Step(0, ExecutorRegistered{ID: ids.ExecutorID(e), Host: fmt.Sprintf("h%d", e), Slots: slots}, out[:0])
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	running := make([]launched, 0, executors*slots)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpu := cpuTime()
	b.StartTimer()
	steps, done, now := 0, false, Time(0)
	step := func(ev Event) {
		steps++
		now += time.Microsecond
		out = c.Step(now, ev, out[:0])
		for _, a := range out {
			switch a := a.(type) {
			case *Launch:
				running = append(running, launched{a.Task.ID, a.Task.Ref.Partition, a.Executor})
			case CompleteJob:
				done = true
			}
		}
	}
	step(JobSubmitted{Job{Stages: []StageSpec{{Partitions: tasks, Prefer: prefer}}}})
	ended, next := &TaskEnded{}, uint64(1)
	var batch []launched
	for !done {
		if at, ok := c.Wake(); ok && at <= now {
			step(Woke{})
			continue
		}
		if len(batch) == 0 {
			for range min(len(running), 64) {
				next = next*6364136223846793005 + 1442695040888963407
				i := int(next>>33) % len(running)
				batch = append(batch, running[i])
				running[i] = running[len(running)-1]
				running = running[:len(running)-1]
			}
		}
		l := batch[len(batch)-1]
		batch = batch[:len(batch)-1]
		*ended = TaskEnded{l.executor, task.End{Ref: ids.TaskRef{Partition: l.partition}, ID: l.id, Reason: task.EndReason{Fate: task.Success}}}
		step(ended)
	}
	cpu = cpuTime() - cpu
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(steps), "cpu-ns/step")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps*b.N), "ns/step")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(tasks), "allocs/task")
}

// BenchmarkSmallJob is a job of one task from its submission to its end.
func BenchmarkSmallJob(b *testing.B) {
	c := New(Config{Seed: 1})
	out := c.Step(0, ExecutorRegistered{ID: 0, Host: "h", Slots: 2}, nil)
	ended := &TaskEnded{}
	b.ReportAllocs()
	for i := range b.N {
		var l Launch
		out = c.Step(0, JobSubmitted{Job{ID: ids.JobID(i), Stages: []StageSpec{{Partitions: 1}}}}, out[:0])
		for _, a := range out {
			if a, ok := a.(*Launch); ok {
				l = *a
			}
		}
		*ended = TaskEnded{l.Executor, task.End{Ref: l.Task.Ref, ID: l.Task.ID, Reason: task.EndReason{Fate: task.Success}}}
		out = c.Step(0, ended, out[:0])
	}
}
