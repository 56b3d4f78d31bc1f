package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// An Action is an order to the shell. Actions are carried out in their order, before the next Step.
type Action interface{ action() }

// The actions. Those of one Step that go to one executor and launch tasks stand together.
type (
	// ShipStage sends what the tasks of a stage attempt share to an executor, before the first of them. The shell gets it
	// from Core.Stage, before the next Step. Listing counts from zero how often map outputs have moved that the tasks read: what has
	// a higher one takes the place of what was sent before.
	ShipStage struct {
		Executor ids.ExecutorID
		Stage    ids.StageRef
		Listing  int32
	}
	// Launch runs a task attempt on an executor. The shell reports TaskEnded or ExecutorLost. It comes as a pointer that is good until the
	// next Step.
	Launch struct {
		Executor ids.ExecutorID
		Task     task.Launch
	}
	// Kill stops a task attempt. Its end is still reported, and it has its slot until then.
	Kill struct {
		Executor ids.ExecutorID
		Task     task.Kill
	}
	// ForgetStage says that no more tasks of a stage attempt will be launched on an executor.
	ForgetStage struct {
		Executor ids.ExecutorID
		Stage    ids.StageRef
	}
	// AnswerCall answers TaskCalled. The shell fills in the addresses of places.
	AnswerCall struct {
		Executor ids.ExecutorID
		Reply    task.Reply
	}
	// FetchResult gets the result that a task left in its executor's block ids.Result(Task). The shell reports ResultFetched
	// or ResultLost.
	FetchResult struct {
		Executor ids.ExecutorID
		Task     ids.TaskID
		Bytes    int64
	}
	// DropResult frees the executor's block ids.Result(Task): its result has been fetched, or is not wanted.
	DropResult struct {
		Executor ids.ExecutorID
		Task     ids.TaskID
	}
	// DeliverResult hands the answer for one partition to the job. Each comes once, as a pointer that is good until the next Step.
	DeliverResult struct {
		Job       ids.JobID
		Partition int32
		Value     []byte
	}
	// MergeUpdates adds what a successful task added to accumulators: once for each result partition, and once for each map
	// partition of a stage, however often it is computed.
	MergeUpdates struct{ Updates []task.Update }
	// CompleteJob ends a job that has all its results.
	CompleteJob struct {
		Job   ids.JobID
		Bytes []int64 // of a map-stage job: about how many bytes there are for each reduce partition
	}
	// FailJob ends a job that cannot be done, or is not wanted any more.
	FailJob struct {
		Job ids.JobID
		Why *JobFailure
	}
	// DropShuffle deletes the map outputs of a shuffle on every executor.
	DropShuffle struct{ Shuffle ids.ShuffleID }
	// DropRDD deletes the cached partitions of an RDD on every executor, before anything that is launched after it.
	DropRDD struct{ RDD ids.RDDID }
	// DrainExecutor says that an executor begins to drain: it gets no more tasks, and KillExecutor follows when it has nothing that is
	// needed. With Replace another one is wanted in its place from now on, and not when it goes.
	DrainExecutor struct {
		Executor ids.ExecutorID
		Reason   string
		Replace  bool
	}
	// CopyBlock orders an executor to take a copy of a block from another one. The shell fills in the address, and reports CopyEnded or
	// that the executor was lost.
	CopyBlock struct {
		Executor ids.ExecutorID
		Copy     task.Copy
	}
	// KillExecutor ends an executor. The shell reports ExecutorLost when it is gone. With Replace as many others are wanted as before, and
	// without it one less. In the place of one that ends by itself another is wanted always.
	KillExecutor struct {
		Executor ids.ExecutorID
		Reason   string
		Replace  bool
	}
	// RefuseExecutor tells an executor that it may not register, and why.
	RefuseExecutor struct {
		Executor ids.ExecutorID
		Reason   string
	}
)

func (ShipStage) action()      {}
func (*Launch) action()        {}
func (Kill) action()           {}
func (ForgetStage) action()    {}
func (AnswerCall) action()     {}
func (FetchResult) action()    {}
func (DropResult) action()     {}
func (*DeliverResult) action() {}
func (MergeUpdates) action()   {}
func (CompleteJob) action()    {}
func (FailJob) action()        {}
func (DropShuffle) action()    {}
func (DropRDD) action()        {}
func (DrainExecutor) action()  {}
func (CopyBlock) action()      {}
func (KillExecutor) action()   {}
func (RefuseExecutor) action() {}
