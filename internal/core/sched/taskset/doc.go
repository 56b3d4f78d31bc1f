// Package taskset is the tasks of one stage attempt: which of them wait, which run, which are done, and how often each one failed.
//
// A [Set] is asked for a task to run on an executor ([Set.Take]) and is told what became of it ([Set.Succeed], [Set.Fail],
// [Set.Leave]). Tasks that wait are found by the executor or host that they prefer, or without a preference, in an order that
// prefers nearer ones. The lists are stacks that are cleaned lazily: a task may stand on several, and is dropped from
// a list when it is met there and does not wait any more. So each operation costs about the same however many tasks there are.
//
// The package knows nothing of slots, stages or actions (package sched does). It imports ids, task and the standard library only.
package taskset
