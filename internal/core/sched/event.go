package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// An Event is a fact that the shell reports.
type Event interface{ event() }

// The events.
type (
	// JobSubmitted asks for a job. The core keeps what the job refers to until the job has ended; nobody changes it.
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
	// ExecutorRegistered says that an executor is ready for tasks. An ID is used once; RefuseExecutor answers when it cannot be.
	ExecutorRegistered struct {
		ID    ids.ExecutorID
		Host  string
		Slots int // task attempts that it runs at once, at least 1
	}
	// ExecutorLost says that an executor is gone, with everything that it kept.
	ExecutorLost struct {
		ID        ids.ExecutorID
		Reason    string
		AppCaused bool // the application's own code ended it: its tasks have failed
	}
	// ExecutorsUnavailable says that no more executors will come, unless one registers all the same.
	ExecutorsUnavailable struct{ Reason string }
	// OutputsLost says that the map outputs of an executor are gone while the executor itself is well: its disk failed.
	OutputsLost struct{ Executor ids.ExecutorID }
	// TaskEnded says how a task attempt ended on an executor. Step also takes a *TaskEnded and does not keep the pointer, so
	// that a shell may fill one struct again and again; byte slices in it are kept.
	TaskEnded struct {
		Executor ids.ExecutorID
		End      task.End
	}
	// ResultFetched answers FetchResult.
	ResultFetched struct {
		Task  ids.TaskID
		Value []byte
	}
	// ResultLost answers FetchResult when the executor does not have the result any more, or does not give it.
	ResultLost struct {
		Task   ids.TaskID
		Reason string
	}
	// BlocksChanged says which partitions of cached RDDs an executor has from now on, and which it has no more.
	BlocksChanged struct {
		Executor ids.ExecutorID
		Blocks   []BlockChange
	}
	// RDDReleased says that an RDD is not cached any more, nowhere.
	RDDReleased struct{ RDD ids.RDDID }
	// ShuffleReleased says that no job to come will ask for a shuffle.
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
func (OutputsLost) event()          {}
func (TaskEnded) event()            {}
func (ResultFetched) event()        {}
func (ResultLost) event()           {}
func (BlocksChanged) event()        {}
func (RDDReleased) event()          {}
func (ShuffleReleased) event()      {}
func (Woke) event()                 {}
