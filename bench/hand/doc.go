// Package hand solves every data workload of the benchmarks the way a Go programmer would without an engine: a map, a slice, a loop, and
// with two threads the same twice. It is the yardstick: not tuned, not careless.
//
// It is not a library. It imports bench/data and the standard library only.
package hand
