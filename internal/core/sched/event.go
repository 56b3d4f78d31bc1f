package sched

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
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
	// GroupCancelled says so of all jobs of a group. Jobs without one are in no group, and the empty name means none of them.
	GroupCancelled struct{ Group, Reason string }
	// TagCancelled says so of all jobs with a tag.
	TagCancelled struct{ Tag, Reason string }
	// StageCancelled says so of all jobs that need a stage. It does nothing when no job does.
	StageCancelled struct {
		Stage  ids.StageID
		Reason string
	}
	// AllCancelled says so of all jobs.
	AllCancelled struct{ Reason string }
	// ExecutorRegistered says that an executor is ready for tasks. An ID is used once; RefuseExecutor answers when it cannot be.
	ExecutorRegistered struct {
		ID    ids.ExecutorID
		Host  string
		Slots int    // task attempts that it runs at once when each takes one, at least 1
		Rack  string // of the host; empty when it is not known

		Resources []resource.Offer // what it has beside slots
		Profile   ids.ProfileID    // it was asked for: only stages with this profile run there
	}
	// ExecutorLost says that an executor is gone, with everything that it kept.
	ExecutorLost struct {
		ID        ids.ExecutorID
		Reason    string
		AppCaused bool // the application's own code ended it: its tasks have failed
	}
	// ExecutorSuspected says that the link to an executor has ended, and why is not known yet: the cluster manager may say it, with
	// ExecutorLost. When it does not within Config.ReasonWait the executor is lost, for the reason given here.
	ExecutorSuspected struct {
		ID     ids.ExecutorID
		Reason string
	}
	// ExecutorsDecommissioned says that executors will have to go: because of their machines, or because nobody needs them. Their
	// tasks may end. One that has not registered drains when it does.
	ExecutorsDecommissioned struct {
		Executors []ids.ExecutorID
		Reason    string
		Within    time.Duration // how long they may take; 0 means Config.DrainWithin
		Replace   bool          // as many others are wanted: the machines go, and not what they are needed for
	}
	// HostDecommissioned says so of all executors of a host, which are wanted elsewhere.
	HostDecommissioned struct {
		Host, Reason string
		Within       time.Duration
	}
	// KillAsked asks for executors to go. It does nothing to those that are unknown or are going already. KillExecutor tells which
	// ones go.
	KillAsked struct {
		Executors []ids.ExecutorID
		Reason    string
		Force     bool // also those with tasks
		Replace   bool // as many others are wanted
		Count     bool // a task that this costs may have been lost by its own fault: ExecutorLost will tell
	}
	// HostLost says that a machine is gone with all its executors.
	HostLost struct{ Host, Reason string }
	// Heard is a sign of life. An executor that gives none for Config.Silence is lost.
	Heard struct{ Executor ids.ExecutorID }
	// DriverResumed says that the driver's own process stood still and goes on: that nothing was heard meanwhile says nothing about
	// anybody, and all count as heard now.
	DriverResumed struct{}
	// ExecutorsUnavailable says that no more executors will come, unless one registers all the same.
	ExecutorsUnavailable struct{ Reason string }
	// OutputsLost says that the map outputs of an executor are gone while the executor itself is well: its disk failed.
	OutputsLost struct{ Executor ids.ExecutorID }
	// CopyEnded says that an executor has taken a copy of a block from another one, or that it has none, and why. That it has a copy of a
	// cached partition BlocksChanged has said before.
	CopyEnded struct {
		Executor ids.ExecutorID
		Copied   task.Copied
	}
	// TaskEnded says how a task attempt ended on an executor. Step also takes a *TaskEnded and does not keep the pointer, so
	// that a shell may fill one struct again and again; byte slices in it are kept.
	TaskEnded struct {
		Executor ids.ExecutorID
		End      task.End
	}
	// TaskCalled says that a running task attempt asks for something, and waits for AnswerCall.
	TaskCalled struct {
		Executor ids.ExecutorID
		Call     task.Call
	}
	// Progressed says how far task attempts are that run on an executor. It need not be told of all of them, nor of any.
	Progressed struct {
		Executor ids.ExecutorID
		Tasks    []TaskProgress
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
	// PoolDefined adds a pool, or changes one. The shell has checked the definition.
	PoolDefined struct{ Pool pool.Definition }
	// ShuffleReleased says that no job to come will ask for a shuffle.
	ShuffleReleased struct{ Shuffle ids.ShuffleID }
	// Woke says that the time given by Core.Wake has come.
	Woke struct{}
)

// TaskProgress is what a running task attempt has read so far: rows, and bytes of files and shuffles.
type TaskProgress struct {
	Ref         ids.TaskRef
	Rows, Bytes int64
}

func (JobSubmitted) event()            {}
func (JobCancelled) event()            {}
func (GroupCancelled) event()          {}
func (TagCancelled) event()            {}
func (StageCancelled) event()          {}
func (AllCancelled) event()            {}
func (ExecutorRegistered) event()      {}
func (ExecutorLost) event()            {}
func (ExecutorSuspected) event()       {}
func (ExecutorsDecommissioned) event() {}
func (HostDecommissioned) event()      {}
func (KillAsked) event()               {}
func (HostLost) event()                {}
func (Heard) event()                   {}
func (DriverResumed) event()           {}
func (ExecutorsUnavailable) event()    {}
func (OutputsLost) event()             {}
func (CopyEnded) event()               {}
func (TaskEnded) event()               {}
func (TaskCalled) event()              {}
func (Progressed) event()              {}
func (ResultFetched) event()           {}
func (ResultLost) event()              {}
func (BlocksChanged) event()           {}
func (RDDReleased) event()             {}
func (PoolDefined) event()             {}
func (ShuffleReleased) event()         {}
func (Woke) event()                    {}
