package main

import (
	"context"
	"errors"
	"time"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/bench/data"
)

func init() {
	atStart = kiln.Init
	register(kilnEngine{"local[2]"})
	register(kilnEngine{"local-cluster[2,1,4g]"})
}

// kilnEngine is what all this is about.
type kilnEngine struct{ master string }

func (e kilnEngine) Name() string { return "kiln/" + e.master }

// kilnWorkloads are the programs, each run with a session of its own.
var kilnWorkloads = map[string]func(ctx context.Context, s *kiln.Session, in data.Input) (Measured, error){
	rowWordCount:    kilnWordCount,
	rowReduceByKey:  kilnReduceByKey,
	rowGroupByKey:   kilnGroupByKey,
	rowJoin:         kilnJoin,
	rowSort:         kilnSort,
	rowPageRank:     kilnPageRank,
	rowKMeans:       kilnKMeans,
	rowScan:         kilnScan,
	rowFused:        kilnFused,
	rowEmptyTasks:   kilnEmptyTasks,
	rowManyTasks:    kilnManyTasks,
	rowOneTask:      kilnOneTask,
	rowTwoStages:    kilnTwoStages,
	rowColdStart:    kilnColdStart,
	rowManyShuffles: kilnManyShuffles,
	rowBroadcast:    kilnBroadcast,
	rowDriverCPU:    kilnDriverCPU,
	rowDriverHeap:   kilnDriverHeap,
}

func (e kilnEngine) Run(workload string, in data.Input) (m Measured, err error) {
	run, ok := kilnWorkloads[workload]
	if !ok || workload == rowFused && onCluster(e.Name()) {
		return m, errAbsent
	}
	ctx := context.Background()
	s, err := kiln.Open(ctx, kiln.Master(e.master), kiln.Set("kiln.driver.maxResultSize", "0"))
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if workload != rowColdStart { // executors are there before the clock starts, as a shell's are
		if _, err := kiln.Range(s, 0, 64, 1, 64).Count(ctx); err != nil {
			return m, err
		}
	}
	return run(ctx, s, in)
}

// clocked runs one job and takes its time, from building it to its answer.
func clocked(run func() (data.Result, error)) (Measured, error) {
	began := time.Now()
	r, err := run()
	return Measured{Value: time.Since(began).Seconds(), Result: r}, err
}

// both brings results of partitions together.
func both(a, b data.Result) data.Result {
	return data.Result{Rows: a.Rows + b.Rows, Checksum: a.Checksum + b.Checksum, Sum: a.Sum + b.Sum}
}
