// Package data makes the inputs of the benchmarks and says what a workload's answer looks like, so that every engine is given the same
// rows and engines can be compared for equality.
//
// Everything follows from a seed. Pairs and edges are arithmetic on an index ([Rows]), so that an engine makes
// them where it needs them and no reading is timed; text, records and points are files below [Input.Work], written once and kept.
// The arithmetic is 64-bit integer only, because the Java side repeats it.
//
// The package knows no engine. It imports the standard library only.
package data
