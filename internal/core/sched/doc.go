// Package sched is the driver's core: it decides which task runs where, and what follows when one ends.
//
// [Core.Step] takes one [Event], a fact that the shell reports, and appends the [Action]s that follow, orders that the shell
// carries out. Nothing else happens: there is no clock, goroutine, lock or I/O, no iteration over maps and no chance but that of
// [Config.Seed]. The same events give the same actions.
//
// A job comes here already cut into stages (package plan). A stage is in one [state]:
//
//	                 parents missing            parents there
//	idle ---------------> waiting -----------------> running ------> done        (map stage: outputs all there)
//	  ^                      ^                        |   |            |
//	  |                      +------- ready <---------+   v            v outputs lost
//	  +-- its jobs ended       after  (map outputs lost) failed       idle
//	                           200 ms
//
// Running is one stage attempt, a [run], whose tasks are a taskset.Set; attempts that are over may have tasks running still, and
// what these answer counts when it is new. Where map outputs lie is kept in package mapout.
//
// Read submit.go for the life of a stage; queue.go, offer.go, order.go, fit.go, delay.go and exclude.go for placement; end.go for what the end
// of a task means; fetch.go, strike.go and lost.go for recovery; phase.go and retire.go for how executors go; cancel.go for how jobs end early.
// Stale answers die in one place, [Core.claim], which finds attempts as find.go says.
//
// With very many executors the end of a task costs what it has to wait for from memory, so things that it looks at lie together. One
// end and the launch that follows touch seven cache lines that depend on the task and the executor: the task's state and its list of
// attempts (taskset.Set, run.heads), the attempt (seat.go), two of the executor, whose first 128 bytes are all that is looked at (executor.go), and
// a word each in Core.executors and in the results that the job has. The rest is the same at every Step.
//
// No operation costs more when there are more executors or tasks; what touches many (a job of n tasks, an executor with n map
// outputs) costs n once. The package imports ids, task and the standard library only.
package sched
