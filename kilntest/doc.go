// Package kilntest is the kit for tests of programs that use Kiln: a cluster inside the test's process, with switches that break it.
//
// [Start] opens a session over several executors, each with its own memory, files and block server; functions, environments, shuffled
// data and results are encoded and sent as between machines. A [Cluster]'s switches lose executors, fail or hold tasks, and damage
// shuffled and cached data, so that a test can show that a pipeline gives the same answer through all of it:
//
//	func TestCountsSurviveALostExecutor(t *testing.T) {
//		c := kilntest.Start(t)
//		c.OnTask(kilntest.ReduceTasks, 1, func(task kilntest.Task) { c.LoseExecutor(task.Executor) })
//		got, err := counts(c.Session()).Collect(t.Context())
//		...
//	}
//
// It is not a simulation: tasks run for real, in goroutines, and in whatever order the machine gives. A test that must see one order
// holds tasks with [Cluster.Hold].
//
// The package may import package kiln, internal/testhook and what that hands over. Programs import it in tests only.
package kilntest
