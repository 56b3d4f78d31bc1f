// Package cluster is the seam between the driver and whatever gives it executors: threads of this process, child processes, a
// standalone master, or another system's resource manager. A [Manager] speaks of executors wanted, granted and gone; it knows
// nothing of stages and tasks.
//
// The package imports the standard library only, so that anyone can implement a Manager.
package cluster
