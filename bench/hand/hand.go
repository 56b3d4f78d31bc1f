package hand

import (
	"sync"

	"github.com/kilnproject/kiln/bench/data"
)

// Solve answers one workload on this many threads.
type Solve func(in data.Input, threads int) (data.Result, error)

// Solutions lists the workloads that are solved by hand, by the names of bench's table.
var Solutions = map[string]Solve{
	"wordcount":   WordCount,
	"reduceByKey": ReduceByKey,
	"groupByKey":  GroupByKey,
	"join":        Join,
	"sort":        Sort,
	"pagerank":    PageRank,
	"kmeans":      KMeans,
	"scan":        Scan,
	"fused":       Fused,
}

// each runs part(0) to part(threads-1) side by side, or in this goroutine when there is one.
func each(threads int, part func(thread int)) {
	if threads == 1 {
		part(0)
		return
	}
	var running sync.WaitGroup
	for thread := range threads {
		running.Go(func() { part(thread) })
	}
	running.Wait()
}

// sum runs part on every thread and adds what they answer.
func sum(threads int, part func(thread int) data.Result) data.Result {
	results := make([]data.Result, threads)
	each(threads, func(thread int) { results[thread] = part(thread) })
	var all data.Result
	for _, r := range results {
		all.Rows += r.Rows
		all.Checksum += r.Checksum
		all.Sum += r.Sum
	}
	return all
}

// cut is where the part of a thread begins when n things are dealt out in runs.
func cut(n int64, thread, threads int) int64 { return n * int64(thread) / int64(threads) }
