package work

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Time is a moment: the time since the executor started.
type Time = time.Duration

// An Event is a fact that the shell tells the core.
type Event interface{ event() }

// The events.
type (
	// StageArrived says that the shell holds what the tasks of this stage attempt share.
	StageArrived struct{ Ref ids.StageRef }
	// LaunchArrived says that the driver wants a task attempt to run.
	LaunchArrived struct{ Launch task.Launch }
	// KillArrived says that the driver wants a task attempt to stop.
	KillArrived struct{ Kill task.Kill }
	// TaskFinished says that a started task attempt has left its slot, however it ended.
	TaskFinished struct{ Ref ids.TaskRef }
	// StageForgotten says that the driver will launch no more tasks of the stage attempt.
	StageForgotten struct{ Ref ids.StageRef }
	// Stopped says that the executor is to end: the driver said so, or is gone.
	Stopped struct{ Reason string }
	// Woke says that the time given by Core.Wake has come.
	Woke struct{}
)

func (StageArrived) event()   {}
func (LaunchArrived) event()  {}
func (KillArrived) event()    {}
func (TaskFinished) event()   {}
func (StageForgotten) event() {}
func (Stopped) event()        {}
func (Woke) event()           {}

// An Action is an order to the shell. Actions of one Step are carried out in their order.
type Action interface{ action() }

// The actions.
type (
	// StartTask puts the task attempt into a slot: the shell runs it and tells TaskFinished exactly once.
	StartTask struct{ Launch task.Launch }
	// CancelTask asks a running task attempt to end early. It keeps its slot until TaskFinished.
	CancelTask struct {
		Ref    ids.TaskRef
		Reason string
	}
	// AnswerKilled tells the driver that a task attempt ended before it ever started.
	AnswerKilled struct {
		Launch task.Launch
		Reason string
	}
	// RefuseTask tells the driver that a launch makes no sense here. No TaskFinished follows.
	RefuseTask struct {
		Launch task.Launch
		Why    Refusal
	}
	// DropStage frees what the shell keeps of a stage attempt: no task attempt here uses it now.
	DropStage struct{ Ref ids.StageRef }
	// GiveUp ends the executor because a task attempt did not end for so long after it was cancelled. It is the last action.
	GiveUp struct {
		Ref   ids.TaskRef
		After time.Duration
	}
	// Exit ends the executor. Left task attempts did not end within the grace that Stopped gave them.
	Exit struct{ Left int }
)

func (StartTask) action()    {}
func (CancelTask) action()   {}
func (AnswerKilled) action() {}
func (RefuseTask) action()   {}
func (DropStage) action()    {}
func (GiveUp) action()       {}
func (Exit) action()         {}

// Refusal says why a launch was refused.
type Refusal uint8

// The refusals.
const (
	UnknownStage Refusal = iota + 1 // the stage never arrived, or was forgotten
	Duplicate                       // the same task attempt is queued or runs already; its one answer will come from there
	Stopping                        // the executor ends
)

// String gives the refusal in words.
func (r Refusal) String() string {
	switch r {
	case UnknownStage:
		return "its stage is not known here"
	case Duplicate:
		return "the same task attempt is here already"
	case Stopping:
		return "the executor is stopping"
	}
	return "refused"
}
