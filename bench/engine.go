package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/bench/data"
)

// An Engine runs workloads. Its methods are called in a fresh process, for one workload.
type Engine interface {
	// Name is "product/master", as in "kiln/local[2]": the product is what it is, the master how it runs.
	Name() string
	// Run runs the workload of that name (rows.go) once and answers when it is done. It sets Value where the row's unit is not seconds
	// or something comes before the part that counts, as opening a session does. errAbsent means that the engine does not have this
	// workload.
	Run(workload string, in data.Input) (Measured, error)
}

// Measured is one run of one workload on one engine.
type Measured struct {
	// Value is the figure in the unit of the row. Zero means: as many seconds as Run took.
	Value float64 `json:"value"`
	// Result is the answer, to compare with the others. Engines leave it zero where a row has none, and for sort, whose files are
	// checked.
	Result data.Result `json:"result"`
	// CPUSeconds is what the whole process tree used, start and end included; filled in by the parent.
	CPUSeconds float64 `json:"cpuSeconds"`
	// PeakBytes is the most memory that the whole process tree had resident at once; filled in by the parent, unless the engine says it.
	PeakBytes int64 `json:"peakBytes"`
}

// errAbsent says that an engine does not have a workload; its cell stays empty.
var errAbsent = errors.New("this engine does not have this workload")

// engines are all that the table has columns for, in the order of the columns.
var engines = []Engine{
	handEngine{threads: 1},
	handEngine{threads: 2},
}

// register adds an engine. It is called from init functions, because which engines there are is a matter of which files are built.
func register(e Engine) { engines = append(engines, e) }

// atStart runs before anything else in every process of this program. An engine that starts executors from this binary takes them over
// here.
var atStart = func() {}

// engineNamed finds an engine by its name.
func engineNamed(name string) (Engine, bool) {
	at := slices.IndexFunc(engines, func(e Engine) bool { return e.Name() == name })
	if at < 0 {
		return nil, false
	}
	return engines[at], true
}

// product is the part of an engine's name that says what it is.
func product(name string) string {
	product, _, _ := strings.Cut(name, "/")
	return product
}

// onCluster says whether an engine runs its tasks in other processes.
func onCluster(name string) bool { return strings.Contains(name, "cluster") }
