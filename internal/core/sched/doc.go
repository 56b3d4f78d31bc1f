// Package sched is the driver's core: it decides which task runs where, and what follows when one ends.
//
// [Core.Step] takes one [Event], a fact that the shell reports, and appends the [Action]s that follow, orders that the shell
// carries out. Nothing else happens: there is no clock, goroutine, lock or I/O, no iteration over maps and no chance but that of
// [Config.Seed]. The same events give the same actions.
//
// A job is cut into stages before it comes here (package plan). A stage is in one [state]: known, waiting for parents, running
// one attempt, failed and about to be submitted again, or done. An attempt is a task set (package taskset); where map outputs are
// is kept in package mapout. Read submit.go for the life of a stage, offer.go for placement, end.go for what the end of a task means,
// fetch.go and lost.go for recovery.
//
// Stale answers die in one place: [Core.claim].
package sched
