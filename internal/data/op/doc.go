// Package op holds the typed operators that a task runs, and the small machine that runs them.
//
// A task's body is a tree of operators: sources at its leaves, transforms and combines above them, one output on top. Operators
// are structs, generic ones where they call a function of the user's, and else with a [RowType] inside; package kiln's verbs make
// them, package funcs ships them as references, and everything around them
// (scheduler, executor, block store, shuffle) handles only bytes. Rows move in typed batches of at most [BatchRows] rows: an
// operator is wired to its neighbour once per task by one type assertion, and from then on a batch costs one interface call.
//
// The package may import the other packages of the data wing and internal/core; it knows neither driver nor executor.
package op
