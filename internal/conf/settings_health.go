package conf

import "time"

// Exclusion: where tasks do not go because others failed there.
var (
	// Exclude turns exclusion on.
	Exclude = Bool("kiln.excludeOnFailure.enabled", false,
		"Keep tasks away from executors and machines where others have failed: the same task at once, all of its stage after some failures, all of the application after more.").
		Spark("spark.excludeOnFailure.enabled", "")

	// ExcludeTaskExecutor and those below are the limits, with Spark's defaults.
	ExcludeTaskExecutor  = Int("kiln.excludeOnFailure.task.maxTaskAttemptsPerExecutor", 1, "How often a task may fail on an executor before it does not go there again.", AtLeast(1))
	ExcludeTaskHost      = Int("kiln.excludeOnFailure.task.maxTaskAttemptsPerNode", 2, "How often a task may fail on a machine before it does not go there again. It must be less than kiln.task.maxFailures.", AtLeast(1))
	ExcludeStageExecutor = Int("kiln.excludeOnFailure.stage.maxFailedTasksPerExecutor", 2, "How many tasks of a stage may fail on an executor before none of it goes there.", AtLeast(1))
	ExcludeStageHost     = Int("kiln.excludeOnFailure.stage.maxFailedExecutorsPerNode", 2, "How many executors of a machine a stage may exclude before it excludes the machine.", AtLeast(1))
	ExcludeAppExecutor   = Int("kiln.excludeOnFailure.application.maxFailedTasksPerExecutor", 2, "How many tasks may fail on an executor before the application excludes it.", AtLeast(1))
	ExcludeAppHost       = Int("kiln.excludeOnFailure.application.maxFailedExecutorsPerNode", 2, "How many executors of a machine the application may exclude before it excludes the machine.", AtLeast(1))

	// ExcludeTimeout is how long the application excludes.
	ExcludeTimeout = Duration("kiln.excludeOnFailure.timeout", time.Hour, "How long the application remembers a failure, and excludes an executor or machine.", AtLeast(time.Millisecond)).
			Spark("spark.excludeOnFailure.timeout", "ms")

	// UnschedulableTimeout is how long a stage waits that no executor can run.
	UnschedulableTimeout = Duration("kiln.scheduler.excludeOnFailure.unschedulableTaskSetTimeout", 2*time.Minute,
		"How long a stage waits when no executor there is could run its tasks: all are excluded, have less than a task takes, or others have the addresses that its own would need. Then it fails.", AtLeast(time.Millisecond)).
		Spark("spark.scheduler.excludeOnFailure.unschedulableTaskSetTimeout", "s")

	// ExcludeKill is what happens to an executor that the application excludes.
	ExcludeKill = Bool("kiln.excludeOnFailure.killExcludedExecutors", false, "Kill an executor that the application excludes; another takes its place.")

	// ExcludeDrain has executors drained where others of these settings would have them killed.
	ExcludeDrain = Bool("kiln.excludeOnFailure.killExcludedExecutors.decommission", false,
		"Decommission an excluded executor instead of killing it, so that its tasks may end: one that kiln.excludeOnFailure.killExcludedExecutors names, or an idle one that makes room for another because a task may go nowhere else.")

	// ExcludeFetch excludes executors whose map outputs cannot be read.
	ExcludeFetch = Bool("kiln.excludeOnFailure.application.fetchFailure.enabled", false, "Exclude an executor, for the application and at once, when a map output that it has cannot be read.")
)
