// Package work is the executor's core: which task attempt runs in which slot, which one waits, and what a kill means for it.
//
// Events say what happened (a launch arrived, a task finished); [Core.Step] answers with actions, the orders that the executor's
// shell carries out. The life of a task attempt:
//
//	LaunchArrived -> queued -> running -> (TaskFinished) gone
//	                   |          |
//	                   |          +- KillArrived -> cancelled, keeps its slot -> (TaskFinished) gone
//	                   +- KillArrived -> answered as killed, gone
//	KillArrived -> remembered -> LaunchArrived -> answered as killed, gone
//
// A stage stays as long as the driver has not forgotten it or a task attempt uses it.
//
// The core decides and never acts: no clock, goroutine, lock, I/O or chance. It imports ids, task and the standard library only.
package work
