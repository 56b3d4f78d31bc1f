// Package commit is which attempt of a task may make its output visible, when several attempts may write the same one.
//
// A task attempt asks the [Coordinator] before it commits. The first one to ask has the authority from then on: all others are
// denied, and end without counting as failed. The authority is withdrawn when the attempt that has it fails, is killed or is lost, and
// an attempt that has ended so never gets it any more, however late its question comes:
//
//	c := commit.New()
//	c.Open(stage, partitions)   // a stage begins; another attempt of it changes nothing
//	answer := c.Ask(taskRef)    // Granted, or why not
//	c.Ended(taskRef, fate)      // each task attempt that ends, whether or not it asked
//	c.Close(stage)              // the stage is over and will not be tried again
//
// The rules are those of Spark's OutputCommitCoordinator, with one difference: an attempt that asks again after it was authorised
// is told so again. Spark denies it, so that an answer that was lost on its way ends in a task without output.
//
// Each operation costs the same however many tasks there are. The package imports ids, task and the standard library only.
package commit
