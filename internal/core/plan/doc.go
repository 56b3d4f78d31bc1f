// Package plan holds the lineage as plain values and cuts it into stages.
//
// An [RDD] is one node of the lineage: an operator, already encoded, and its dependencies. A narrow [Dependency] says by a
// [Mapping] which partitions of the parent one partition needs; a shuffle dependency needs all of them. [Cut] walks from the RDD of
// an action to its sources and gives the stages, parents first: everything between two shuffles becomes the [Body] of one stage.
//
// The package decides nothing about where or when a stage runs (package sched) and does not know what an operator does (package
// op). It imports ids, profile and the standard library only.
package plan
