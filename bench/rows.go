package main

import (
	"fmt"

	"github.com/kilnproject/kiln/bench/data"
)

// Names of the rows, which engines know workloads by.
const (
	// Rows that have a hand-written side. What each computes is said by the function of package hand.
	rowWordCount   = "wordcount"   // TextFile, FlatMap(strings.Fields), Map, ReduceByKey, Top over in.Words()
	rowReduceByKey = "reduceByKey" // in.Rows().Pair(i) for i in [0, Pairs)
	rowGroupByKey  = "groupByKey"  // the same
	rowJoin        = "join"        // in.Rows().Left(i) and Right(i) for i in [0, Joined)
	rowSort        = "sort"        // in.RecordFile() to 16 files in in.Output, from reading to written
	rowPageRank    = "pagerank"    // in.Rows().Edge(i) for i in [0, Edges): group, cache, join, reduce
	rowKMeans      = "kmeans"      // in.PointFile(), points cached
	rowScan        = "scan"        // [0, Scanned) cached first; then ten times data.Scan and a sum, ns per element
	rowFused       = "fused"       // [0, Fused) in one partition: x+1 and data.Scan, data.Kept, y+1 and data.Scan, Aggregate: four calls of functions; ns per row

	// Rows that show what the engine itself costs.
	rowEmptyTasks   = "emptyTasks"   // a job of in.Tasks() tasks with nothing to do, after one to warm up; tasks per second
	rowManyTasks    = "manyTasks"    // the same with in.ManyTasks(); tasks per second
	rowOneTask      = "oneTask"      // a job of one empty task; median, us
	rowTwoStages    = "twoStages"    // a job of two stages of two tasks; median, us
	rowColdStart    = "coldStart"    // from starting the process to the answer of a first small job; ms (sinceStart)
	rowManyShuffles = "manyShuffles" // in.ShuffleWidth() map tasks and as many reduce tasks, tiny rows
	rowBroadcast    = "broadcast"    // in.BroadcastBytes() of random bytes, from made to first used on every executor
	rowDriverCPU    = "driverCPU"    // CPU of the driver's process per empty task, us
	rowDriverHeap   = "driverHeap"   // heap of the driver at its largest in a job of in.ManyTasks() tasks, MB

	// Rows that show what the program costs.
	rowBuild     = "build"     // examples/wordcount after a one-line edit
	rowBuildWide = "buildWide" // a program of 250 verb calls over 40 element types after a one-line edit
	rowBinary    = "binary"    // examples/wordcount, stripped, MB
)

// A section is rows that are printed together.
type section string

const (
	sectionData    section = "data workloads (seconds, and x hand with one thread)"
	sectionEngine  section = "the engine itself"
	sectionProgram section = "the program"
)

// goal is what a row should reach. Zero is no goal.
type goal struct{ asked, stretch float64 }

// row is one line of the table.
type row struct {
	name, title string
	section     section
	unit        string
	// ratio says that the goal is a multiple of the hand-written side with one thread, else it is in the row's unit.
	ratio bool
	// perOperator says that the figure is what lies above the hand-written side, divided by this number of operators.
	perOperator float64
	// more says that more is better.
	more bool
	// onlyCluster says that the row means nothing within one process.
	onlyCluster bool
	// local is the goal within one process. cluster is the one over processes; clusterSlack x local where a data row has none.
	local, cluster goal
	// memory is the goal for the peak of the process tree, in MB.
	memory goal
	// prepare makes the input files, so that no run is timed making them.
	prepare func(data.Input) (string, error)
}

// clusterSlack is how much slower than in one process a data workload may be over processes.
const clusterSlack = 1.25

// rows is the speed table, in the order of printing.
var rows = []row{
	{name: rowWordCount, title: "word count, 1.08 GB", section: sectionData, unit: "s", ratio: true, local: goal{1.0, 0.6},
		memory: goal{600, 300}, prepare: data.Input.Words},
	{name: rowReduceByKey, title: "reduceByKey, 20 M, 1 M keys", section: sectionData, unit: "s", ratio: true, local: goal{1.8, 0.9},
		memory: goal{600, 300}},
	{name: rowGroupByKey, title: "groupByKey, the same", section: sectionData, unit: "s", ratio: true, local: goal{1.0, 0.6}},
	{name: rowJoin, title: "join, 5 M x 5 M", section: sectionData, unit: "s", ratio: true, local: goal{1.0, 0.6}},
	{name: rowSort, title: "sort, 10 M x 100 B", section: sectionData, unit: "s", ratio: true, local: goal{1.5, 0.8},
		memory: goal{800, 400}, prepare: data.Input.RecordFile},
	{name: rowPageRank, title: "PageRank, 8 M edges, 10 times", section: sectionData, unit: "s", ratio: true, local: goal{6, 3}},
	{name: rowKMeans, title: "k-means, 2 M x 10, 10 times", section: sectionData, unit: "s", ratio: true, local: goal{0.75, 0.55},
		prepare: data.Input.PointFile},

	{name: rowFused, title: "fused operator, above hand", section: sectionEngine, unit: "ns", perOperator: 4, local: goal{2, 1.3}},
	{name: rowScan, title: "cached scan, an element", section: sectionEngine, unit: "ns", local: goal{2.5, 1.3}},
	{name: rowEmptyTasks, title: "10,000 empty tasks", section: sectionEngine, unit: "/s", more: true,
		local: goal{50_000, 200_000}, cluster: goal{20_000, 60_000}},
	{name: rowManyTasks, title: "100,000 empty tasks", section: sectionEngine, unit: "/s", more: true,
		local: goal{50_000, 200_000}, cluster: goal{20_000, 60_000}},
	{name: rowOneTask, title: "one-task job, median", section: sectionEngine, unit: "us", local: goal{100, 40}, cluster: goal{300, 150}},
	{name: rowTwoStages, title: "two-stage job, 2 x 2, median", section: sectionEngine, unit: "us",
		local: goal{400, 150}, cluster: goal{1000, 500}},
	{name: rowColdStart, title: "start to first result", section: sectionEngine, unit: "ms", local: goal{30, 15}, cluster: goal{150, 60}},
	{name: rowManyShuffles, title: "1000 x 1000 shuffle", section: sectionEngine, unit: "s", local: goal{2, 0.7}, cluster: goal{3, 1}},
	{name: rowBroadcast, title: "broadcast of 256 MiB", section: sectionEngine, unit: "s", onlyCluster: true, cluster: goal{0.8, 0.4}},
	{name: rowDriverCPU, title: "driver CPU per empty task", section: sectionEngine, unit: "us", onlyCluster: true, cluster: goal{15, 5}},
	{name: rowDriverHeap, title: "driver heap, 100,000 tasks", section: sectionEngine, unit: "MB", local: goal{50, 20}, cluster: goal{50, 20}},

	{name: rowBuild, title: "build wordcount after an edit", section: sectionProgram, unit: "s", local: goal{1.5, 0.7}},
	{name: rowBuildWide, title: "build 250 verb calls, 40 types", section: sectionProgram, unit: "s", local: goal{10, 5}, memory: goal{800, 0}},
	{name: rowBinary, title: "wordcount binary, stripped", section: sectionProgram, unit: "MB", local: goal{18, 12}},
}

// rowNamed finds a row; every name in a child's arguments has one.
func rowNamed(name string) (row, error) {
	for _, r := range rows {
		if r.name == name {
			return r, nil
		}
	}
	return row{}, fmt.Errorf("no row is named %q", name)
}

// goalOn is what an engine of this kind should reach.
func (r row) goalOn(cluster bool) goal {
	switch {
	case !cluster:
		return r.local
	case r.cluster == goal{} && r.ratio:
		return goal{r.local.asked * clusterSlack, r.local.stretch * clusterSlack}
	}
	return r.cluster
}

// figure is what the table compares with the goal: the value, its ratio to hand, or what it costs above hand.
func (r row) figure(value, hand float64) float64 {
	switch {
	case r.ratio && hand > 0:
		return value / hand
	case r.perOperator > 0:
		return (value - hand) / r.perOperator
	}
	return value
}

// verdict says how a figure stands to a goal.
func (r row) verdict(figure float64, g goal) string {
	reached := func(goal float64) bool { return goal > 0 && (figure <= goal) != r.more || figure == goal }
	switch {
	case g.asked == 0:
		return ""
	case reached(g.stretch):
		return "stretch"
	case reached(g.asked):
		return "yes"
	}
	return "NO"
}
