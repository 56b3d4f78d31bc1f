package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kilnproject/kiln/internal/core/sim"
	"github.com/kilnproject/kiln/internal/replay"
)

// seedRange is which random scenarios are played, and what becomes of one that fails.
type seedRange struct {
	first  uint64
	count  int
	shrink bool
	record string // where the log of a failing scenario goes, for kiln replay
}

// runSeeds plays scenarios with faults under oracles, as many at a time as there are cores. It tells of the lowest seed that fails, and
// so gives the same words however many cores there are.
func runSeeds(r seedRange, out, errs io.Writer) int {
	began := time.Now()
	var (
		next, failed atomic.Uint64
		mu           sync.Mutex
		total        sim.Report
		workers      sync.WaitGroup
	)
	failed.Store(uint64(r.count))
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < failed.Load(); i = next.Add(1) - 1 {
				report, err := sim.Run(sim.Draw(sim.Random(r.first + i)))
				mu.Lock()
				total.Add(report)
				if err != nil {
					failed.Store(min(failed.Load(), i))
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if at := failed.Load(); at < uint64(r.count) {
		p := sim.Draw(sim.Random(r.first + at))
		_, err := sim.Run(p)
		fmt.Fprintf(errs, "kiln sim: seed %d: %v\n", p.Seed, err)
		if r.shrink {
			if small, f := sim.Shrink(p); f != nil {
				p, err = small, f
				fmt.Fprintf(out, "shrunk, it fails so: %v\n\n", f)
			}
		}
		tellFailure(p, err, r.record, out, errs)
		return exitFailed
	}
	fmt.Fprintf(out, "%d scenarios, seeds %d to %d, in %v: every oracle is content\n", r.count, r.first, r.first+uint64(r.count)-1, time.Since(began).Round(time.Millisecond))
	fmt.Fprintf(out, "%v of virtual time, %d events, %d orders, %d mishaps\n", total.Took.Round(time.Second), total.Steps, total.Actions, total.Mishaps)
	fmt.Fprintf(out, "jobs: %d completed, %d failed or were cancelled\n", total.Completed, total.Failed)
	return 0
}

// tellFailure tells the decisions of a scenario that fails, its story, and the script that goes into the core's tests.
func tellFailure(p sim.Plan, why error, record string, out, errs io.Writer) {
	for _, line := range p.Lines() {
		fmt.Fprintln(out, line)
	}
	tape, _ := sim.Record(p) // how it ends is told above
	log := logOf(tape, p.Seed)
	fmt.Fprint(out, "\nits story:\n")
	if l, problem := replay.Open(log); problem == nil {
		_, problem = l.Story(func(line string) { fmt.Fprintln(out, line) })
		if problem != nil {
			fmt.Fprintln(out, problem)
		}
	}
	if record != "" {
		if problem := os.WriteFile(record, log, 0o644); problem != nil {
			fmt.Fprintln(errs, "kiln sim:", problem)
		}
	}
	fmt.Fprint(out, "\nas a script of the core, for internal/core/sched/testdata; go test ./internal/core/sched -run TestScripts -rewrite adds what the core does:\n\n")
	fmt.Fprint(out, tape.Script(fmt.Sprintf("Seed %d: %v", p.Seed, why)))
}

// logOf gives the log that a driver would have written.
func logOf(t *sim.Tape, seed uint64) []byte {
	rec := replay.NewRecorder(t.Config, fmt.Sprintf("a simulation, seed %d", seed), 0)
	t.Play(rec.Step)
	return append([]byte(nil), rec.Take(true)...)
}
