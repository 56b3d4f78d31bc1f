package main

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/kilnproject/kiln/internal/core/sim"
)

// What a simulated cluster is like besides what flags say.
const (
	executorsPerHost = 4
	tasksPerJob      = 10000
	longestTime      = 24 * time.Hour // that a flag may say
)

// runSim plays the real scheduler on a virtual cluster and tells how well it did and what that cost.
func runSim(args []string, out, errs io.Writer) int {
	s, err := parseSim(args)
	if err != nil {
		fmt.Fprintln(errs, "kiln sim:", err)
		return exitUsage
	}
	if s.seeds.count > 0 {
		return runSeeds(s.seeds, out, errs)
	}
	began := time.Now()
	r, err := sim.RunScale(s.Scale, func() time.Duration { return time.Since(began) })
	if err == nil {
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		err = s.tell(out, outcome{&r, time.Since(began), mem.HeapSys})
	}
	if err != nil {
		fmt.Fprintln(errs, "kiln sim:", err)
		return exitFailed
	}
	return 0
}
