package taskset

import "github.com/kilnproject/kiln/internal/core/ids"

// Level says how near to its data a task runs. Lower is nearer.
type Level uint8

// The levels, nearest first, with Spark's names.
const (
	Process      Level = iota // in the executor that it prefers
	Node                      // on the host that it prefers
	NoPreference              // it prefers none
	Rack                      // in the rack of a host that it prefers
	Any                       // elsewhere than it prefers
)

// String gives Spark's name of the level.
func (l Level) String() string {
	switch l {
	case Process:
		return "PROCESS_LOCAL"
	case Node:
		return "NODE_LOCAL"
	case NoPreference:
		return "NO_PREF"
	case Rack:
		return "RACK_LOCAL"
	}
	return "ANY"
}

// Place is where a task would like to run: on a host, in an executor when OnExecutor says so, or in both: there, and else there.
// When the rack of the host is known, that comes next.
type Place struct {
	Executor   ids.ExecutorID // when OnExecutor
	Host       string         // unless empty
	Rack       string         // of the host, unless empty
	OnExecutor bool
}

// Spot is where a task can run.
type Spot struct {
	Executor   ids.ExecutorID
	Host, Rack string // the rack may be empty: it is not known
}
