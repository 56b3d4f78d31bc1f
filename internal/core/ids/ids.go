package ids

import "fmt"

// The dense identifiers. The driver hands them out from zero upwards, so that the scheduler may index slices by them.
type (
	// JobID names one action that the user submitted.
	JobID int32
	// StageID names one run of pipelined tasks between shuffles.
	StageID int32
	// StageAttempt counts the submissions of one stage, from zero.
	StageAttempt int32
	// TaskAttempt counts the tries of one task within one stage attempt, from zero.
	TaskAttempt int32
	// TaskID is unique for each task attempt in an application ("TID" in Spark's words).
	TaskID int64
	// RDDID names one node of the lineage.
	RDDID int32
	// ShuffleID names one exchange between a map stage and its readers.
	ShuffleID int32
	// BroadcastID names one broadcast value.
	BroadcastID int32
	// AccumulatorID names one accumulator.
	AccumulatorID int32
	// ExecutorID names one executor process, or the one inside the driver's process in local mode.
	ExecutorID int32
	// ProfileID names a shape of executors: what each of them has. The default one is 0.
	ProfileID int32
)

// Driver is the ExecutorID under which the driver's own block server is known.
const Driver ExecutorID = -1

// String gives "driver" or the number, as Spark's UI shows it.
func (e ExecutorID) String() string {
	if e == Driver {
		return "driver"
	}
	return fmt.Sprintf("%d", int32(e))
}

// StageRef names one submission of a stage.
type StageRef struct {
	Stage   StageID
	Attempt StageAttempt
}

// String gives "stage 3.0": stage and stage attempt.
func (s StageRef) String() string { return fmt.Sprintf("stage %d.%d", s.Stage, s.Attempt) }

// TaskRef names one try of one task: what an order to an executor carries and its answer echoes.
type TaskRef struct {
	StageRef
	Partition int32
	Try       TaskAttempt
}

// String gives "task 7.1 in stage 3.0": partition and task attempt in stage and stage attempt.
func (t TaskRef) String() string {
	return fmt.Sprintf("task %d.%d in %v", t.Partition, t.Try, t.StageRef)
}
