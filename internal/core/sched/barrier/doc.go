// Package barrier is where the tasks of a barrier stage wait for each other.
//
// A [Room] belongs to one attempt of such a stage. Its tasks come, by [Room.Come], and are answered all at once when the last of them
// is there: that is a round, and any number of rounds may follow. A round that cannot be completed any more (a task has ended, or
// calls something else than the others do, or time is up) refuses everybody who waits: a task that waited for ever would hold its
// slot, and its stage, for ever. Spark waits for a year by default (spark.barrier.sync.timeout); what can be known at once is said at
// once here.
//
// The package is pure: time is a parameter.
package barrier
