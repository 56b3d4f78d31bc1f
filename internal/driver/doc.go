// Package driver is the shell of core/sched: it carries out what the scheduler decides and tells it what happens.
//
// One goroutine owns the core and everything about executors. It takes what executors, the cluster manager and the user's
// goroutines report, steps the core, and carries out the actions; what goes to one executor goes as one batch. The user's own code,
// such as the merging of accumulators, never runs on that goroutine.
//
// The package never imports the executor: both ends know only the link between them.
package driver
