package sched

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// FailureKind tells why a job failed.
type FailureKind uint8

// The kinds.
const (
	TaskFailed     FailureKind = iota + 1 // a task failed too often, or for good
	ExecutorsLost                         // executors died too often under a task, or no more will come
	FetchesFailed                         // map outputs were lost too often
	ResultTooLarge                        // results exceed Config.MaxResultSize
	Cancelled                             // the user's wish
	Unschedulable                         // no executor can run the tasks
	Internal                              // the job makes no sense
	OutputChanged                         // a lost map output was computed again and is another one, too late to do without the old one
)

// String gives the kind in words.
func (k FailureKind) String() string {
	switch k {
	case TaskFailed:
		return "task failed"
	case ExecutorsLost:
		return "executors lost"
	case FetchesFailed:
		return "fetches failed"
	case ResultTooLarge:
		return "result too large"
	case Cancelled:
		return "cancelled"
	case Unschedulable:
		return "unschedulable"
	case Internal:
		return "internal"
	case OutputChanged:
		return "output changed"
	}
	return fmt.Sprintf("failure %d", k)
}

// JobFailure is why a job ended without being done. It is shared by the jobs that failed together: nobody changes it.
type JobFailure struct {
	Kind      FailureKind
	Stage     ids.StageID // -1 when no stage is to blame
	Name      string      // the stage's verb
	Site      string      // and its user file:line
	Partition int32       // -1 when no task is to blame
	Attempts  int         // task attempts of the partition; for FetchesFailed, stage attempts; else 0
	Executor  ids.ExecutorID
	Reason    string      // one sentence; of a cancelled job, the reason that was given
	Cause     *task.Error // the first error, which happened on Executor; nil when no task failed
}

// Error gives place and reason in one line.
func (f *JobFailure) Error() string {
	switch {
	case f.Stage < 0:
		return f.Reason
	case f.Partition < 0:
		return fmt.Sprintf("stage %d (%s at %s): %s", f.Stage, f.Name, f.Site, f.Reason)
	}
	return fmt.Sprintf("stage %d (%s at %s), partition %d: %s", f.Stage, f.Name, f.Site, f.Partition, f.Reason)
}

// blame gives a failure of which the stage is the place.
func (s *stage) blame(kind FailureKind, partition int32, reason string) *JobFailure {
	return &JobFailure{
		Kind: kind, Stage: s.id, Name: s.spec.Name, Site: s.spec.Site, Partition: partition, Executor: ids.Driver, Reason: reason,
	}
}

// nowhere gives a failure that has no place in the job.
func nowhere(kind FailureKind, reason string) *JobFailure {
	return &JobFailure{Kind: kind, Stage: -1, Partition: -1, Executor: ids.Driver, Reason: reason}
}
