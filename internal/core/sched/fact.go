package sched

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Fact is an action that orders nothing but to tell whoever listens: the event log, the UI, the console. Facts come only when
// Config.Publish is set, and warnings also when Config.Warn is. Nothing on the control path depends on them.
type Fact interface {
	Action
	fact()
}

// The facts.
type (
	// JobStarted comes first of a job.
	JobStarted struct {
		Job    ids.JobID
		Stages []ids.StageID // all that it uses, parents first
	}
	// JobEnded comes last of a job. Why is nil when it was completed.
	JobEnded struct {
		Job ids.JobID
		Why *JobFailure
	}
	// StageSubmitted begins a stage attempt.
	StageSubmitted struct {
		Stage ids.StageRef
		Job   ids.JobID // the first of those that use it
		Tasks int
	}
	// StageEnded ends a stage attempt. Reason is empty when all its tasks are done. Copies tells what speculation did for it until now.
	StageEnded struct {
		Stage  ids.StageRef
		Reason string
		Copies speculate.Stats
	}
	// TaskStarted says that a task attempt was launched.
	TaskStarted struct {
		Ref      ids.TaskRef
		ID       ids.TaskID
		Executor ids.ExecutorID
		Host     string
		Level    taskset.Level
		Copy     bool // another attempt of the task runs elsewhere, and is slow: see Speculated
	}
	// Speculated says that a task attempt which runs on an executor deserves a copy elsewhere, and by which rule: it has run for Run,
	// which is longer than Limit, or its executor goes. TaskStarted follows when a slot is free on another host.
	Speculated struct {
		Ref        ids.TaskRef
		Executor   ids.ExecutorID
		Rule       speculate.Rule
		Run, Limit time.Duration
	}
	// TaskDone says that a task attempt is over. End tells how, also when its executor was lost.
	TaskDone struct {
		Executor ids.ExecutorID
		Host     string
		End      task.End
	}
	// ExecutorAdded says that an executor takes tasks.
	ExecutorAdded struct {
		ID      ids.ExecutorID
		Host    string
		Slots   int
		Profile ids.ProfileID // that it was started for
	}
	// ExecutorChanged says that an executor gets no more tasks, or that it is nearer to its end: State is draining, suspected or leaving.
	ExecutorChanged struct {
		ID            ids.ExecutorID
		State, Reason string
	}
	// HealthChanged says that tasks keep away from an executor or a host, or no more.
	HealthChanged struct{ Fact health.Fact }
	// ExecutorRemoved says that an executor is gone.
	ExecutorRemoved struct {
		ID     ids.ExecutorID
		Reason string
	}
	// StageWarned says that a stage attempt does something that its author should know of. That of sizes is a warning.
	StageWarned struct {
		Stage ids.StageRef
		Text  string
	}
	// Starving says that tasks wait and none runs. Executors tells whether there are any. It is a warning.
	Starving struct {
		Stage     ids.StageRef
		Waiting   int
		Executors int
		For       time.Duration
	}
)

func (JobStarted) action()      {}
func (JobEnded) action()        {}
func (StageSubmitted) action()  {}
func (StageEnded) action()      {}
func (TaskStarted) action()     {}
func (TaskDone) action()        {}
func (Speculated) action()      {}
func (ExecutorAdded) action()   {}
func (ExecutorChanged) action() {}
func (HealthChanged) action()   {}
func (ExecutorRemoved) action() {}
func (StageWarned) action()     {}
func (Starving) action()        {}

func (JobStarted) fact()      {}
func (JobEnded) fact()        {}
func (StageSubmitted) fact()  {}
func (StageEnded) fact()      {}
func (TaskStarted) fact()     {}
func (TaskDone) fact()        {}
func (Speculated) fact()      {}
func (ExecutorAdded) fact()   {}
func (ExecutorChanged) fact() {}
func (HealthChanged) fact()   {}
func (ExecutorRemoved) fact() {}
func (StageWarned) fact()     {}
func (Starving) fact()        {}
