// Package ids names everything that the engine speaks of: jobs, stages, tasks, executors, shuffles and blocks.
//
// Every identifier is a small comparable value with a String that people read in logs and, where it crosses a process or a
// file name, a Parse that refuses everything else. Identifiers are dense where the scheduler indexes slices by them.
//
// The package imports the standard library only and holds no state.
package ids
