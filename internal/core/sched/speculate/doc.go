// Package speculate is which running tasks of a stage attempt deserve a copy elsewhere, because the machine that they are on is slow.
//
// A [Set] is told of the attempts of one stage attempt and how far they are, and asked from time to time:
//
//	s := speculate.New(config, tasks, slots, nil) // slots of one executor; no set for barrier stages
//	s.Started(task, try, now, inputBytes)         // any attempt, also a copy; 0 bytes when nobody knows
//	s.Progress(task, try, progress)               // heartbeats, and its last figures
//	s.Doomed(task, try, at)                       // its executor is decommissioned, and is killed then
//	s.Beaten(task, try, now)                      // its task is done, by another one
//	s.Ended(task, try, now, won)                  // won: the task is done by it
//	candidates := s.Check(now)                    // each names a task, once; launch a copy on another host
//	s.Again(task)                                 // it may be named again: its copy is gone
//	at, ok := s.Next(now)                         // when to check again
//	s.Stats()                                     // what copies won and what they cost
//
// When enough tasks are done, a task is slow that has run several times as long as the median of those; with Spark's efficiency rule
// only if it also reads rows more slowly than they did on average, or has run much longer still. These are Spark's rules and
// defaults, and they hold for tasks of whose input nobody knows the size.
//
// A large task is not a slow one. Where the size is known, a task has as long as the average task would take for its bytes, times the
// same factor. And where its progress is known, too, that decides: it gets a copy when its rate is far below the average and what is left
// takes longer than all of it would take elsewhere, or when it has run much longer still. A task that stands still falls below any rate,
// so it is found.
//
// An attempt costs the same however many there are, a finished one the logarithm of those before (a running median in two heaps);
// a check costs what has run for longer than the threshold. The package decides nothing about places, and launches nothing. It
// imports the standard library only.
package speculate
