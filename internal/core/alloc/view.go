package alloc

import "github.com/kilnproject/kiln/internal/core/ids"

// View is what Compute must know of the scheduler.
type View struct {
	Begun     bool       // some stage has been submitted, ever
	Profiles  []Profile  // all that were ever asked for, by id
	Stages    []Stage    // those with tasks
	Executors []Executor // living ones, by id
}

// Profile is a shape of executors.
type Profile struct {
	ID    ids.ProfileID
	Slots int // task attempts that one executor runs at once, at least 1
}

// Stage is what waits and runs of one stage.
type Stage struct {
	Profile ids.ProfileID
	// PerExecutor is how many of its tasks one executor of the profile runs at once; 0 means as many as it has slots.
	PerExecutor int

	Waiting int // tasks without a slot
	Copies  int // speculative copies without a slot
	Running int // task attempts, copies included

	// Unschedulable says that some of those that wait will not do with any executor there is: each is excluded for them.
	Unschedulable bool

	Together bool // its tasks all run at once or not at all: the part of executors that is asked for does not count

	Placed int     // tasks that prefer some host
	Places []Place // where
}

// Place is a host, and how many tasks prefer it.
type Place struct {
	Host  string
	Tasks int
}

// Executor is a living executor.
type Executor struct {
	ID      ids.ExecutorID
	Profile ids.ProfileID
	Leaving bool // it has been released or is being drained
	Running int  // task attempts
	Idle    Time // since when it runs nothing; while Running is 0
	Cached  bool // it holds cached partitions
	Outputs bool // it holds map outputs
	Needed  bool // some of them an active job reads
}
