// Package taskset holds the tasks of one stage attempt: which wait, which run where, how often each has failed.
//
// A [Set] is a value with methods and decides nothing about executors; package sched asks it for a task that suits an executor and
// tells it what became of it. It imports ids, task and the standard library only.
package taskset
