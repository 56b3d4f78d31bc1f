package task

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Stage is what an executor must know once to run any task of one stage attempt.
type Stage struct {
	Ref     ids.StageRef
	Job     ids.JobID
	Body    []byte  // the encoded operators; opaque to the scheduler
	Inputs  []Input // the shuffles that the tasks read, with every map output's place
	Listed  bool    // Inputs is empty, and what it would be is the driver's block ids.Inputs(Ref)
	Shuffle ids.ShuffleID
	IsMap   bool // the tasks write map outputs of Shuffle; else they give results
	Reduces int  // reduce partitions of Shuffle, when IsMap
	// Generation counts how often the map outputs of Shuffle were all given up, because what they were made of had changed. Outputs of
	// different generations do not go together.
	Generation int32
	Props      map[string]string // the job's properties, for TaskContext.Property
	Hosts      []string          // of a barrier stage: where its tasks run, by partition; else nil. Nobody changes them
	Slots      int               // that each task has of its executor; 0 means 1
	Cached     []Cached          // of the cached RDDs that the tasks read, those of which there is something to say
}

// Cached is a cached RDD that a stage reads.
type Cached struct {
	RDD ids.RDDID
	// Generation counts how often its partitions were all given up, because what they were made of had changed. Those of older
	// generations are worth nothing.
	Generation int32
	// Somewhere says that executors had partitions of it when the stage was described: a task that does not find one at its own executor
	// asks where it is (Locate) before it computes it.
	Somewhere bool
}

// CachedRDD gives what there is to say of a cached RDD.
func (s *Stage) CachedRDD(id ids.RDDID) Cached {
	for _, k := range s.Cached {
		if k.RDD == id {
			return k
		}
	}
	return Cached{RDD: id}
}

// Reads says that the tasks read a shuffle.
func (s *Stage) Reads() bool { return s.Listed || len(s.Inputs) > 0 }

// Input is one shuffle that a stage reads.
type Input struct {
	Shuffle ids.ShuffleID
	Reduces int
	Outputs []MapOutput // indexed by map partition
}

// MapOutput is what one map task left, and where.
type MapOutput struct {
	Executor ids.ExecutorID
	Addr     string     // where that executor's block server listens; the driver shell fills it in
	Sizes    Sizes      // for each reduce partition; empty when there is no such output: Executor is ids.Driver then
	Copies   []Location // where the same output is too; nil for most
}

// Location is an executor that has a map output, or a cached partition.
type Location struct {
	Executor ids.ExecutorID
	Addr     string // where its block server listens; the driver shell fills it in
}

// Launch orders one task attempt. Its stage went before it on the same link.
type Launch struct {
	Ref   ids.TaskRef
	ID    ids.TaskID
	Split []byte // what this task reads, when its stage reads a source; opaque

	Resources []Resource // what it has of those that its stage asks for
}

// Resource is what a task attempt has of one kind of resource of its executor.
type Resource struct {
	Name      string
	Addresses []string // shared with other tasks when it asked for a part of one
}

// Kill orders a task attempt to stop.
type Kill struct {
	Ref    ids.TaskRef
	Reason string
	Recall bool // only when it has not started; there is no answer otherwise
}

// End is the one final answer to a Launch.
type End struct {
	Ref        ids.TaskRef
	ID         ids.TaskID
	Reason     EndReason
	Sizes      Sizes  // of a map task's output: a byte for each reduce partition, also when all are empty
	Digest     uint64 // tells what a map task wrote from anything else, whatever the order of the rows; 0 when not known
	Result     []byte // a result task's encoded value, or nil when Stored
	Stored     bool   // the value is in the executor's block ids.Result(ID), of ResultSize bytes
	ResultSize int64
	Updates    []Update // accumulator updates
	Metrics    Metrics
}

// Update is what one task added to one accumulator, encoded.
type Update struct {
	Accumulator ids.AccumulatorID
	Value       []byte
}

// Metrics counts what one task attempt did.
type Metrics struct {
	Started, Run      time.Duration // since the executor's start; time in the task
	RowsIn, RowsOut   int64
	BytesRead         int64 // from sources
	ShuffleRead       int64 // bytes fetched, local and remote
	ShuffleReadRemote int64
	ShuffleWritten    int64
	SpilledMemory     int64 // size in memory of what was spilled
	SpilledDisk       int64 // bytes spilled
	PeakMemory        int64
	ResultSize        int64
}
