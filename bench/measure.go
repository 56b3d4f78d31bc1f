package main

import (
	"slices"
	"syscall"
	"time"

	"github.com/kilnproject/kiln/bench/data"
)

// timed measures one solution whose answer says by itself when only a part of it counts.
func timed(workload string, in data.Input, solve func() (data.Result, error)) (Measured, error) {
	began := time.Now()
	result, err := solve()
	took := time.Since(began)
	if result.Timed > 0 {
		took = result.Timed
	}
	m := Measured{Value: took.Seconds(), Result: result}
	switch workload {
	case rowScan:
		m.Value = float64(took.Nanoseconds()) / float64(in.Scanned())
	case rowFused:
		m.Value = float64(took.Nanoseconds()) / float64(in.Fused())
	}
	return m, err
}

// latency is the distribution of how long a job takes.
type latency struct{ p50, p90, p99 time.Duration }

// latencyOf runs the job some times to warm up, and then count times.
func latencyOf(warm, count int, job func() error) (latency, error) {
	for range warm {
		if err := job(); err != nil {
			return latency{}, err
		}
	}
	took := make([]time.Duration, count)
	for i := range took {
		began := time.Now()
		if err := job(); err != nil {
			return latency{}, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return latency{percentile(took, 50), percentile(took, 90), percentile(took, 99)}, nil
}

// percentile is the smallest of the sorted values that at least p percent of them do not exceed. sorted is not empty.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// cpuTime is the user and system time that this process has used, without its children.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// began is when the parent started this process, by the parent's clock. The row coldStart measures from here.
var began time.Time

// sinceStart is how long ago this process was started.
func sinceStart() time.Duration { return time.Since(began) }
