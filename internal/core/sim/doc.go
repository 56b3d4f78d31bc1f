// Package sim is a virtual cluster around the driver's core: executors, links and time are simulated, the scheduler is the real one.
//
// [Run] plays one [Scenario], which a seed decides: jobs that share shuffles, executors that come and go, disks that lose outputs,
// messages that are late or come twice, tasks that fail, users who cancel. After the faults comes a time without any, in which
// everything must end. Oracles, each in its own file, watch every event and action; sched.Core.Check runs after each Step.
//
// The package imports packages of internal/core and the standard library only, which proves that the core needs no more.
package sim
