// Package health is which executors and hosts tasks are kept away from because tasks have failed there.
//
// There are three levels, each for executors and for hosts. One task does not go back to where it failed. A stage attempt keeps
// all its tasks away from where several of them failed. The application keeps all tasks away, for a time, from where tasks failed
// that succeeded elsewhere: only the failures of task sets that are done count for it, since a set that never succeeds has itself
// to blame. A [Tracker] is the application's, a [Set] that of one stage attempt:
//
//	t := health.New(config)                      // nil, which allows everything, unless the configuration asks for something
//	s := t.Open(stageAttempt)                    // a stage attempt begins
//	facts := s.Failed(now, task, executor, host) // a failure that counts toward the task's limit
//	s.Allowed(task, executor, host)              // may it go there? Refuses tells by which rule it may not
//	facts = t.Succeeded(now, s)                  // all tasks of the set are done
//	facts = t.FetchFailed(now, executor, host)   // a map output could not be read there
//	t.Removed(executor)                          // it is gone
//	facts = t.Expire(now)                        // when Next says so
//
// [Fact]s tell what follows. Who keeps executors out of the offers while the application excludes them does not need to ask
// Allowed for these.
//
// Rules and defaults are those of Spark's HealthTracker and TaskSetExcludelist. The package launches and kills nothing. It imports
// ids and the standard library only.
package health
