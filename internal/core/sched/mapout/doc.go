// Package mapout knows where the map outputs of an application lie, and about how large they are.
//
// A [Table] holds one [Shuffle] for each exchange. A map partition has one place, the executor of the first task attempt that
// finished it, until the output is removed; all outputs of one executor are found without looking at any other. Sizes are kept in
// one byte each, so that 1000 x 1000 outputs take a megabyte.
//
// The package decides nothing about what to do when outputs are lost (package sched). It is a plain value without goroutine,
// clock or lock, and imports ids, task and the standard library only.
package mapout
