package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// An Action is an order to the shell. Actions of one Step are carried out in their order.
type Action interface{ action() }

// The actions.
type (
	// ShipStage sends what the tasks of a stage attempt share to an executor, before the first of them. The shell gets it
	// from Core.Stage.
	ShipStage struct {
		Executor ids.ExecutorID
		Stage    ids.StageRef
	}
	// Launch runs a task attempt on an executor.
	Launch struct {
		Executor ids.ExecutorID
		Task     task.Launch
	}
	// Kill stops a task attempt. Its end is still reported.
	Kill struct {
		Executor ids.ExecutorID
		Task     task.Kill
	}
	// ForgetStage says that no more tasks of a stage attempt will be launched on an executor.
	ForgetStage struct {
		Executor ids.ExecutorID
		Stage    ids.StageRef
	}
	// DeliverResult hands the answer for one partition to the job. Each comes once.
	DeliverResult struct {
		Job       ids.JobID
		Partition int32
		Value     []byte
	}
	// MergeUpdates adds what a successful task added to accumulators.
	MergeUpdates struct{ Updates []task.Update }
	// CompleteJob ends a job that has all its results.
	CompleteJob struct{ Job ids.JobID }
	// FailJob ends a job that cannot be done, or is not wanted any more.
	FailJob struct {
		Job ids.JobID
		Why *JobFailure
	}
	// DropShuffle deletes the map outputs of a shuffle on every executor.
	DropShuffle struct{ Shuffle ids.ShuffleID }
)

func (ShipStage) action()     {}
func (Launch) action()        {}
func (Kill) action()          {}
func (ForgetStage) action()   {}
func (DeliverResult) action() {}
func (MergeUpdates) action()  {}
func (CompleteJob) action()   {}
func (FailJob) action()       {}
func (DropShuffle) action()   {}

// FailureKind tells why a job failed.
type FailureKind uint8

// The kinds.
const (
	TaskFailed     FailureKind = iota + 1 // a task failed too often, or for good
	ExecutorsLost                         // executors died too often under a task, or no more will come
	FetchesFailed                         // map outputs were lost too often
	ResultTooLarge                        // results exceed Config.MaxResultSize
	Cancelled                             // the user's wish
	Internal                              // the job makes no sense
)

// JobFailure is the first cause of a job's end.
type JobFailure struct {
	Kind      FailureKind
	Stage     ids.StageID // -1 when no stage is to blame
	Name      string      // the stage's verb
	Site      string      // and its user file:line
	Partition int32       // -1 when no task is to blame
	Attempts  int
	Executor  ids.ExecutorID // where the blamed attempt ran
	Reason    string
	Cause     *task.Error // the task's first error, when there is one
}

// Error gives the reason in one line.
func (f *JobFailure) Error() string {
	if f.Stage < 0 {
		return f.Reason
	}
	return fmt.Sprintf("stage %d (%s at %s): %s", f.Stage, f.Name, f.Site, f.Reason)
}
