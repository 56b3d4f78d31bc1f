package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/sim"
)

// What a simulated cluster is like besides what flags say.
const (
	executorsPerHost = 4
	tasksPerJob      = 10000
	messageDelay     = time.Millisecond
)

// runSim plays the real scheduler on a virtual cluster and tells how well it did and what that cost.
func runSim(args []string, out, errs io.Writer) int {
	s, seeds, err := parseSim(args, errs)
	if err != nil {
		fmt.Fprintln(errs, "kiln sim:", err)
		return exitUsage
	}
	if seeds.count > 0 {
		return runSeeds(seeds, out, errs)
	}
	began := time.Now()
	r, err := sim.RunScale(s, func() time.Duration { return time.Since(began) })
	if err != nil {
		fmt.Fprintln(errs, "kiln sim:", err)
		return exitFailed
	}
	tell(out, s, r, time.Since(began))
	return 0
}

// parseSim reads the flags: one large application, or a range of seeds.
func parseSim(args []string, errs io.Writer) (s sim.Scale, seeds seedRange, err error) {
	f := flag.NewFlagSet("kiln sim", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.IntVar(&s.Executors, "executors", 1000, "executors")
	f.IntVar(&s.Slots, "slots", 4, "slots of each executor")
	f.IntVar(&s.Tasks, "tasks", 100000, "tasks in all")
	f.IntVar(&s.Jobs, "jobs", 0, "jobs that share them; 0: one for every 10000 tasks")
	f.DurationVar(&s.Task, "task", time.Second, "what a task takes in the mean")
	f.Float64Var(&s.Placed, "placed", 0, "the part of tasks that prefer three of the hosts")
	f.IntVar(&s.Losses, "faults", 0, "executors that are lost, and replaced")
	f.Float64Var(&s.Fail, "fail", 0, "the part of task attempts that fail")
	f.Float64Var(&s.Slow, "slow", 0, "the part of executors that are slow")
	f.IntVar(&s.Slowness, "slowness", 4, "how many times as long slow executors take")
	f.Uint64Var(&s.Seed, "seed", 1, "what chance depends on: the same seed gives the same decisions")
	copies := f.Bool("speculation", false, "give slow tasks a copy on another host, as kiln.speculation does with its defaults")
	f.IntVar(&seeds.count, "seeds", 0, "instead of one large application play so many small scenarios full of faults under oracles, from --seed on")
	f.BoolVar(&seeds.shrink, "shrink", true, "take from a scenario that fails what its failure does not need; with --seeds")
	f.StringVar(&seeds.record, "record", "", "where to write the log of a scenario that fails, for kiln replay; with --seeds")
	elastic := f.Bool("elastic", false, "let executors come and go with the load, as kiln.dynamicAllocation.enabled does with its defaults")
	if err := f.Parse(args); err != nil {
		f.SetOutput(errs)
		f.PrintDefaults()
		return s, seeds, err
	}
	seeds.first = s.Seed
	if err := checkSeeds(f, seeds); err != nil {
		return s, seeds, err
	}
	if s.Jobs == 0 {
		s.Jobs = max(1, s.Tasks/tasksPerJob)
	}
	s.Hosts = max(1, s.Executors/executorsPerHost)
	s.Delay = messageDelay
	s.Sched = sched.Config{Seed: s.Seed, Ahead: conf.LaunchAhead.Of(nil)}
	s.Sched.Speculation = speculate.Config{Enabled: *copies}
	if *elastic {
		s.Elastic = &alloc.Config{
			Max: s.Executors, Ratio: conf.AllocationRatio.Of(nil), Backlog: conf.BacklogTimeout.Of(nil), Sustained: conf.SustainedBacklogTimeout.Of(nil),
			Idle: conf.ExecutorIdleTimeout.Of(nil), CachedIdle: alloc.Never, ShuffleIdle: alloc.Never, TrackShuffles: true,
		}
	}
	return s, seeds, checkSim(f.Args(), &s)
}

// checkSeeds refuses flags that have no sense with --seeds, or without.
func checkSeeds(f *flag.FlagSet, seeds seedRange) (err error) {
	if seeds.count < 0 {
		return fmt.Errorf("--seeds=%d is less than none", seeds.count)
	}
	f.Visit(func(set *flag.Flag) {
		switch own := set.Name == "shrink" || set.Name == "record"; {
		case own && seeds.count == 0:
			err = fmt.Errorf("--%s goes with --seeds", set.Name)
		case !own && set.Name != "seed" && set.Name != "seeds" && seeds.count > 0:
			err = fmt.Errorf("--%s describes one large application; scenarios of --seeds follow from their seeds alone", set.Name)
		}
	})
	return err
}

// checkSim refuses what no cluster can be.
func checkSim(rest []string, s *sim.Scale) error {
	for _, part := range []struct {
		flag  string
		value float64
	}{{"placed", s.Placed}, {"fail", s.Fail}, {"slow", s.Slow}} {
		if !(part.value >= 0 && part.value <= 1) { // also NaN
			return fmt.Errorf("--%s=%v is no part: it is not between 0 and 1", part.flag, part.value)
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("it takes flags only, not %q", rest)
	case s.Executors < 1 || s.Slots < 1 || s.Tasks < 1:
		return fmt.Errorf("--executors, --slots and --tasks must be at least 1")
	case s.Jobs < 0 || 2*s.Jobs > s.Tasks:
		return fmt.Errorf("--jobs=%d: a job has at least two of the %d tasks", s.Jobs, s.Tasks)
	case s.Task <= 0:
		return fmt.Errorf("--task=%v is not more than nothing", s.Task)
	case s.Slowness < 1:
		return fmt.Errorf("--slowness=%d: slow executors take at least once as long as others", s.Slowness)
	case s.Losses < 0:
		return fmt.Errorf("--faults=%d is less than none", s.Losses)
	}
	return nil
}

func tell(out io.Writer, s sim.Scale, r sim.ScaleReport, took time.Duration) {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("cluster", "%d executors of %d slots on %d hosts", s.Executors, s.Slots, s.Hosts)
	line("load", "%d tasks of about %v in %d jobs, seed %d", s.Tasks, s.Task, s.Jobs, s.Seed)
	line("makespan", "%v, %.2f times the lower bound of %v", r.Makespan.Round(time.Millisecond), float64(r.Makespan)/float64(r.Bound), r.Bound.Round(time.Millisecond))
	line("task attempts", "%d, of which %d failed or were lost", r.Launches, r.Failures)
	if c := r.Copies; s.Sched.Speculation.Enabled {
		line("copies", "%d of slow tasks, of which %d were first; attempts that were not first took %v of slots", c.Copies, c.Won, c.Wasted.Round(time.Millisecond))
	}
	if near, far := r.Levels[0], r.Levels[1]; near+far > 0 {
		line("locality", "%.1f%% of %d launches with a preference were on a host that the task prefers", 100*float64(near)/float64(near+far), near+far)
	}
	line("decisions", "%d steps, mean %v, 99%% below %v, longest %v", r.Steps, r.Cost.Mean(), r.Cost.Below(0.99), r.Cost.Most.Round(time.Microsecond))
	line("simulated in", "%v, of which %v in the scheduler", took.Round(time.Millisecond), r.Cost.Total.Round(time.Millisecond))
	line("heap", "%v", conf.Bytes(mem.HeapSys)&^(conf.MiB-1))
	line("hash", "%016x of all decisions", r.Hash)
	if s.Elastic != nil {
		plot(out, "slots", r.There.Slots(), float64(s.Executors*s.Slots), r.There.Span)
	}
	plot(out, "busy slots", r.Busy.Slots(), float64(s.Executors*s.Slots), r.Busy.Span)
}
