package data

import (
	"math"
	"path/filepath"
	"strconv"
)

// Sizes of the workloads at scale 1.
const (
	allPairs    = 20_000_000
	allKeys     = 1_000_000
	allJoined   = 5_000_000
	allRecords  = 10_000_000
	allVertices = 1_000_000
	allEdges    = 8_000_000
	allPoints   = 2_000_000
	allScanned  = 100_000_000
	allFused    = 100_000_000
	wordCopies  = 12
	allBytes    = 256 << 20
	allTasks    = 10_000
	manyTasks   = 100_000
	allShuffles = 1000
)

// Shapes that do not change with the scale.
const (
	// Partitions is the number of partitions of every shuffle, and of files that sort writes.
	Partitions = 16
	// Iterations is how often PageRank and k-means improve their answer.
	Iterations = 10
	// Dimensions is the number of coordinates of a point.
	Dimensions = 10
	// Clusters is the k of k-means; the first Clusters points of the file are the first centres.
	Clusters = 16
	// TopWords is how many words the word count answers.
	TopWords = 20
	// RecordLength is the length of a record to sort, in bytes, and KeyLength of the key at its head. A record is printable ASCII and
	// ends in a newline, so that a file of them is also a text file.
	RecordLength = 100
	KeyLength    = 10
)

// Input says which rows a run of a workload works on. It is a value and safe to copy.
type Input struct {
	// Work is the directory where inputs are kept between runs.
	Work string
	// Output is an empty directory for what a workload writes; only sort does.
	Output string
	// Scale multiplies every size; 1 is the published table.
	Scale float64
	// Seed is the only source of chance.
	Seed uint64
}

// scaled is n at this scale, at least least.
func (in Input) scaled(n, least int64) int64 {
	return max(least, int64(math.Round(float64(n)*in.Scale)))
}

// Pairs is the number of rows that reduceByKey and groupByKey read.
func (in Input) Pairs() int64 { return in.scaled(allPairs, 1000) }

// Keys is the number of distinct keys that those rows are spread over.
func (in Input) Keys() int64 { return in.scaled(allKeys, 50) }

// Joined is the number of rows on each side of the join, and the number of distinct keys they are drawn from.
func (in Input) Joined() int64 { return in.scaled(allJoined, 1000) }

// Records is the number of records that sort reads.
func (in Input) Records() int64 { return in.scaled(allRecords, 1000) }

// Vertices is the number of vertices of the graph.
func (in Input) Vertices() int64 { return in.scaled(allVertices, 100) }

// Edges is the number of edges of the graph; some are equal.
func (in Input) Edges() int64 { return in.scaled(allEdges, 800) }

// Points is the number of points that k-means reads.
func (in Input) Points() int64 { return in.scaled(allPoints, 1000) }

// Scanned is the number of int64 that the cached scan keeps in memory.
func (in Input) Scanned() int64 { return in.scaled(allScanned, 10_000) }

// Fused is the number of int64 that the chain of fused operators sees.
func (in Input) Fused() int64 { return in.scaled(allFused, 10_000) }

// BroadcastBytes is the size of the value that the broadcast row sends.
func (in Input) BroadcastBytes() int64 { return in.scaled(allBytes, 1<<20) }

// Tasks is the number of tasks of the job of empty tasks, and ManyTasks of the big one.
func (in Input) Tasks() int64 { return in.scaled(allTasks, 100) }

// ManyTasks is the number of tasks of the job that shows what a task costs the driver in memory.
func (in Input) ManyTasks() int64 { return in.scaled(manyTasks, 1000) }

// ShuffleWidth is the number of map tasks, and of reduce tasks, of the shuffle of tiny rows: every map task has one row (key, 1) for each
// key in [0, ShuffleWidth).
func (in Input) ShuffleWidth() int64 { return in.scaled(allShuffles, 20) }

// path is where a generated input lives: inputs of different scale and seed do not meet.
func (in Input) path(name string) string {
	label := strconv.FormatFloat(in.Scale, 'g', -1, 64) + "-" + strconv.FormatUint(in.Seed, 10)
	return filepath.Join(in.Work, label, name)
}
