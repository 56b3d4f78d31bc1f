package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/sim"
)

// simulation is what the flags of kiln sim ask for: one large application, or a range of seeds.
type simulation struct {
	sim.Scale
	seeds       seedRange
	output      string
	speculation bool
	elastic     bool
}

// simGroups is the order in which help lists the flags.
var simGroups = []struct {
	title string
	flags []string
}{
	{"one large application", []string{"executors", "slots", "tasks", "jobs", "task", "placed", "seed"}},
	{"how it is scheduled", []string{"speculation", "elastic"}},
	{"faults of machines", []string{"kills", "drains", "drain-time", "disk-losses", "slow-join", "slow", "slowness", "fail"}},
	{"faults of the network", []string{"delay", "jitter", "twice", "lose", "partitions", "partition-time"}},
	{"instead: small scenarios full of faults, under oracles", []string{"seeds", "shrink", "record"}},
	{"what is printed", []string{"o"}},
}

const simNotes = `
Faults come at times that chance spreads over the time that the tasks take at least.
P is a part, from 0 to 1; D is a time, as 250ms.

examples
  kiln sim --executors 50000 --slots 4 --tasks 2000000
  kiln sim --executors 500 --tasks 50000 --slow 0.02 --slowness 20 --speculation
  kiln sim --executors 500 --tasks 50000 --kills 10 --drains 10 --jitter 20ms --twice 0.01 --partitions 5
  kiln sim --seeds 1000

exit codes: 0 all jobs were completed, or every oracle is content; 1 not so; 2 the flags make no sense
`

// flags gives the flags, which write into s.
func (s *simulation) flags() *flag.FlagSet {
	f := flag.NewFlagSet("kiln sim", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.IntVar(&s.Executors, "executors", 1000, "`N` executors")
	f.IntVar(&s.Slots, "slots", 4, "each has `N` slots")
	f.IntVar(&s.Tasks, "tasks", 100000, "`N` tasks in all")
	f.IntVar(&s.Jobs, "jobs", 0, "`N` jobs share them; 0: one for every 10000 tasks")
	f.DurationVar(&s.Task, "task", time.Second, "a task takes `D` in the mean")
	f.Float64Var(&s.Placed, "placed", 0, "`P` of the tasks prefer three of the hosts")
	f.Uint64Var(&s.Seed, "seed", 1, "what chance depends on: the same `N`, the same decisions; the first one of --seeds")
	f.BoolVar(&s.speculation, "speculation", false, "slow tasks get a copy on another host, as with kiln.speculation")
	f.BoolVar(&s.elastic, "elastic", false, "executors come and go with the load, as with kiln.dynamicAllocation.enabled")
	f.IntVar(&s.Kills, "kills", 0, "`N` executors are lost, and replaced")
	f.IntVar(&s.Drains, "drains", 0, "`N` executors are decommissioned, and replaced when they go")
	f.DurationVar(&s.DrainTime, "drain-time", time.Minute, "these go after `D` at the latest; 0: when nothing there is needed")
	f.IntVar(&s.DiskLosses, "disk-losses", 0, "`N` times an executor loses its map outputs, and nobody notices")
	f.DurationVar(&s.SlowJoin, "slow-join", 0, "executors come up to `D` late")
	f.Float64Var(&s.Slow, "slow", 0, "`P` of the executors are slow")
	f.IntVar(&s.Slowness, "slowness", 4, "tasks take `N` times as long there")
	f.Float64Var(&s.Fail, "fail", 0, "`P` of the task attempts fail")
	f.DurationVar(&s.Delay, "delay", time.Millisecond, "a message takes `D`")
	f.DurationVar(&s.Jitter, "jitter", 0, "and up to `D` more")
	f.Float64Var(&s.Twice, "twice", 0, "`P` of the ends of task attempts are told twice")
	f.Float64Var(&s.Lose, "lose", 0, "`P` of them are lost, and the link with them: the executor goes, and is replaced")
	f.IntVar(&s.Partitions, "partitions", 0, "`N` times a host cannot be reached, and reaches nobody")
	f.DurationVar(&s.PartitionTime, "partition-time", 10*time.Second, "that lasts `D`; after kiln.network.timeout (2m) its executors are given up")
	f.IntVar(&s.seeds.count, "seeds", 0, "play `N` scenarios that chance makes up")
	f.BoolVar(&s.seeds.shrink, "shrink", true, "take from a scenario that fails what its failure does not need")
	f.StringVar(&s.seeds.record, "record", "", "write the log of a scenario that fails to `FILE`, for kiln replay")
	f.StringVar(&s.output, "o", "text", "print `FORMAT`: text or json")
	return f
}

// helpSim lists the flags by what they are about.
func helpSim(out io.Writer) {
	f := (&simulation{}).flags()
	for _, g := range simGroups {
		fmt.Fprintf(out, "\n%s\n", g.title)
		for _, name := range g.flags {
			known := f.Lookup(name)
			value, usage := flag.UnquoteUsage(known)
			usual := ""
			if known.DefValue != "" && known.DefValue != "0" && known.DefValue != "0s" && known.DefValue != "false" {
				usual = fmt.Sprintf(" (%s)", known.DefValue)
			}
			fmt.Fprintf(out, "  %-20s  %s%s\n", strings.TrimSpace(dashes(name)+" "+value), usage, usual)
		}
	}
	fmt.Fprint(out, simNotes)
}

func dashes(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// parseSim reads the flags, and refuses what makes no sense.
func parseSim(args []string) (*simulation, error) {
	s := &simulation{}
	f := s.flags()
	if err := f.Parse(args); err != nil {
		return nil, fmt.Errorf("%w (kiln sim --help lists the flags)", misread(f, err))
	}
	s.seeds.first = s.Seed
	if err := s.checkSeeds(f); err != nil {
		return nil, err
	}
	if s.Jobs == 0 {
		s.Jobs = max(1, s.Tasks/tasksPerJob)
	}
	if err := s.check(f.Args()); err != nil {
		return nil, err
	}
	s.complete()
	return s, nil
}

// misread says what a flag takes, where package flag says that it cannot parse the value.
func misread(f *flag.FlagSet, err error) error {
	var value, name string
	if n, _ := fmt.Sscanf(err.Error(), "invalid value %q for flag -%s", &value, &name); n < 2 {
		return err
	}
	name = strings.TrimSuffix(name, ":")
	takes := "number"
	switch f.Lookup(name).Value.(flag.Getter).Get().(type) {
	case time.Duration:
		takes = "duration, such as 250ms or 10s"
	case int, uint64:
		takes = "whole number that it could be"
	case bool:
		takes = "switch: it is true or false"
	}
	return fmt.Errorf("%s=%s is no %s", dashes(name), value, takes)
}

// complete says what follows from the flags.
func (s *simulation) complete() {
	s.Hosts = max(1, s.Executors/executorsPerHost)
	s.Sched = sched.Config{Seed: s.Seed, Ahead: conf.LaunchAhead.Of(nil)}
	s.Sched.Speculation = speculate.Config{Enabled: s.speculation}
	if s.Partitions > 0 {
		s.Sched.Silence = conf.NetworkTimeout.Of(nil)
	}
	if s.elastic {
		s.Elastic = &alloc.Config{
			Max: s.Executors, Ratio: conf.AllocationRatio.Of(nil), Backlog: conf.BacklogTimeout.Of(nil), Sustained: conf.SustainedBacklogTimeout.Of(nil),
			Idle: conf.ExecutorIdleTimeout.Of(nil), CachedIdle: alloc.Never, ShuffleIdle: alloc.Never, TrackShuffles: true,
		}
	}
}

// checkSeeds refuses flags that have no sense with --seeds, or without.
func (s *simulation) checkSeeds(f *flag.FlagSet) (err error) {
	if s.seeds.count < 0 {
		return fmt.Errorf("--seeds=%d is less than none", s.seeds.count)
	}
	if err := checkRecord(s.seeds.record); err != nil {
		return err
	}
	f.Visit(func(set *flag.Flag) {
		switch own := set.Name == "shrink" || set.Name == "record"; {
		case err != nil || set.Name == "seed" || set.Name == "seeds":
		case own && s.seeds.count == 0:
			err = fmt.Errorf("--%s goes with --seeds", set.Name)
		case set.Name == "o" && s.seeds.count > 0:
			err = fmt.Errorf("-o has no sense with --seeds, which tells how a scenario failed")
		case !own && s.seeds.count > 0:
			err = fmt.Errorf("--%s describes one large application; scenarios of --seeds follow from their seeds alone", set.Name)
		}
	})
	return err
}

// checkRecord refuses a file that could not be written when a scenario fails, which may be hours from now.
func checkRecord(file string) error {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return fmt.Errorf("--record=%s: there is no directory %s", file, filepath.Dir(file))
	}
	return nil
}

// What fits into the memory of a machine, with room to spare.
const (
	mostExecutors = 1 << 20
	mostSlots     = 1 << 16
	mostTasks     = 1 << 27
)

// check refuses what no cluster can be.
func (s *simulation) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("it takes flags only, not %q", rest)
	}
	for _, part := range []struct {
		flag  string
		value float64
	}{{"placed", s.Placed}, {"fail", s.Fail}, {"slow", s.Slow}, {"twice", s.Twice}, {"lose", s.Lose}} {
		if !(part.value >= 0 && part.value <= 1) { // also NaN
			return fmt.Errorf("--%s=%v is no part: it is not between 0 and 1", part.flag, part.value)
		}
	}
	for _, count := range []struct {
		flag  string
		value int
	}{{"kills", s.Kills}, {"drains", s.Drains}, {"disk-losses", s.DiskLosses}, {"partitions", s.Partitions}} {
		if count.value < 0 {
			return fmt.Errorf("--%s=%d is less than none", count.flag, count.value)
		}
		if count.value > mostExecutors {
			return fmt.Errorf("--%s=%d is more than %d", count.flag, count.value, mostExecutors)
		}
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"drain-time", s.DrainTime}, {"slow-join", s.SlowJoin}, {"delay", s.Delay}, {"jitter", s.Jitter}, {"partition-time", s.PartitionTime}} {
		if d.value < 0 || d.value > longestTime {
			return fmt.Errorf("--%s=%v is not between nothing and a day", d.flag, d.value)
		}
	}
	return s.checkLoad()
}

func (s *simulation) checkLoad() error {
	switch {
	case s.Executors < 1 || s.Slots < 1 || s.Tasks < 1:
		return fmt.Errorf("--executors, --slots and --tasks must be at least 1")
	case s.Executors > mostExecutors || s.Slots > mostSlots || s.Tasks > mostTasks:
		return fmt.Errorf("at most %d executors, %d slots on each and %d tasks are played", mostExecutors, mostSlots, mostTasks)
	case s.Tasks == 1:
		return fmt.Errorf("--tasks=1: a job has at least two")
	case s.Jobs < 0 || 2*s.Jobs > s.Tasks:
		return fmt.Errorf("--jobs=%d: a job has at least two of the %d tasks", s.Jobs, s.Tasks)
	case s.Task <= 0 || s.Task > longestTime:
		return fmt.Errorf("--task=%v is not more than nothing, or more than a day", s.Task)
	case s.Slowness < 1:
		return fmt.Errorf("--slowness=%d: slow executors take at least once as long as others", s.Slowness)
	case s.output != "text" && s.output != "json":
		return fmt.Errorf("-o %s: a report is text or json", s.output)
	}
	return nil
}
