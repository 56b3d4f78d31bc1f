package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// An Event is a fact that the shell reports.
type Event interface{ event() }

// The events.
type (
	// JobSubmitted asks for a job.
	JobSubmitted struct{ Job Job }
	// JobCancelled says that the user no longer wants a job.
	JobCancelled struct {
		Job    ids.JobID
		Reason string
	}
	// GroupCancelled says so of all jobs of a group.
	GroupCancelled struct{ Group, Reason string }
	// TagCancelled says so of all jobs with a tag.
	TagCancelled struct{ Tag, Reason string }
	// AllCancelled says so of all jobs.
	AllCancelled struct{ Reason string }
	// ExecutorRegistered says that an executor is ready for tasks. An ID is used once.
	ExecutorRegistered struct {
		ID    ids.ExecutorID
		Host  string
		Slots int
	}
	// ExecutorLost says that an executor is gone, with everything that it kept.
	ExecutorLost struct {
		ID        ids.ExecutorID
		Reason    string
		AppCaused bool // the application's own code ended it: its tasks have failed
	}
	// ExecutorsUnavailable says that no more executors will come.
	ExecutorsUnavailable struct{ Reason string }
	// TaskEnded says how a task attempt ended on an executor.
	TaskEnded struct {
		Executor ids.ExecutorID
		End      task.End
	}
	// ShuffleReleased says that nobody can ask for a shuffle any more.
	ShuffleReleased struct{ Shuffle ids.ShuffleID }
	// Woke says that the time given by Core.Wake has come.
	Woke struct{}
)

func (JobSubmitted) event()         {}
func (JobCancelled) event()         {}
func (GroupCancelled) event()       {}
func (TagCancelled) event()         {}
func (AllCancelled) event()         {}
func (ExecutorRegistered) event()   {}
func (ExecutorLost) event()         {}
func (ExecutorsUnavailable) event() {}
func (TaskEnded) event()            {}
func (ShuffleReleased) event()      {}
func (Woke) event()                 {}

// Job is what one action asks for.
type Job struct {
	ID          ids.JobID
	Stages      []StageSpec // parents before children; the last one is the job's own
	Partitions  []int32     // of the last stage, to compute; nil means all
	MapStage    bool        // the job ends when its last stage, a map stage, is available
	Group       string
	Tags        []string
	Pool        string
	Description string
	Props       map[string]string
}

// StageSpec describes one stage. Stages of any jobs that write the same shuffle are one stage.
type StageSpec struct {
	Name, Site string // for people
	IsMap      bool
	Shuffle    ids.ShuffleID // written by a map stage
	Reduces    int           // of that shuffle
	Parents    []ids.ShuffleID
	Partitions int
	Splits     [][]byte  // what each task reads; nil when the tasks need nothing
	Prefer     [][]Place // where each task would like to run; nil when nowhere
	Body       []byte    // encoded operators, opaque here
}

// Place is an executor or a host where a task finds its data.
type Place struct {
	Executor   ids.ExecutorID // when OnExecutor
	Host       string         // else
	OnExecutor bool
}
