// Package mapout knows where the map outputs of an application lie, and about how large they are.
//
// A [Table] holds one [Shuffle] for each exchange. The output of a map partition has a place, the executor of the first task attempt
// that finished it, and may have more: of other attempts that came to the same, and of copies. It is lost with the last of them. All
// outputs of one executor are found without looking at any other. Sizes are kept in one byte each ([task.Sizes]), so that 1000 x
// 1000 outputs take a megabyte, and readers are shown them as they are; a second place costs only those outputs that have one.
//
// What an output was like outlives it: its digest tells whether the one that is computed again is the same.
//
// The package decides nothing about what to do when outputs are lost (package sched). It is a plain value without goroutine,
// clock or lock, and imports ids, task and the standard library only.
package mapout
