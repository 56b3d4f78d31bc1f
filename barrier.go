package kiln

import "github.com/kilnproject/kiln/internal/data/op"

// BarrierError is what TaskContext.Barrier and TaskContext.AllGather give when the tasks of a barrier stage do not come together. Its fields
// Call and Why tell which of both it was, and why the task does not go on: it should fail with the error, and then all of them run again.
type BarrierError = op.BarrierError

// Barrier makes the stage in which d is read a barrier stage: its tasks are launched all at the same time, or none is, and functions
// there may wait for each other with [TaskContext.Barrier] and [TaskContext.AllGather]. That is how programs run that talk to
// each other, such as the training of a model. The rows stay as they are.
//
// One task that fails, or whose machine is lost, ends the others, and all of them run again: results, map outputs and saved files of an
// attempt count when all its tasks are done. The stage needs as many slots as it has tasks. It waits for them, as long as
// kiln.scheduler.barrier.maxConcurrentTasksCheck says when there are too few; where there can never be as many the action fails at once.
//
// The stage reaches from d to the next shuffle, and everything in between has a partition for each of d's. An action fails that would
// compute some of them only (Take, First, Seq), or that reads two barriers, or a union or a coalesced form of one, in one stage.
func Barrier[T any](d RDD[T]) RDD[T] {
	return RDD[T]{handle{barrier(op.Combine(&op.Concat{}), d.n)}}
}

func barrier(o op.Combine, parent *node) *node {
	n := narrow("Barrier", parent.rowType(), o, parent).keepsKeys()
	n.barrier = true
	return n
}
