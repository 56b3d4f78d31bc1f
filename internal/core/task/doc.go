// Package task describes what travels between the driver and an executor about one task: the order to run it, its end, and the
// reason of that end. Plain values: package wire gives them bytes, package sched and package work decide over them.
//
// The package imports ids and the standard library only.
package task
