package conf

// The driver: its scheduler and what comes back to it.
var (
	// MaxFailures is how often a task may be tried under masters that do not say so themselves; see MasterURL.MaxFailures.
	MaxFailures = Int("kiln.task.maxFailures", 4,
		"How often a task is tried before its job fails. Only its own errors count, not lost machines. Masters local and local[N] try once; local[N,F] says F itself.",
		AtLeast(1))

	// MaxStageAttempts limits the attempts of a stage that end in fetch failures, one after the other.
	MaxStageAttempts = Int("kiln.stage.maxConsecutiveAttempts", 4,
		"How many attempts of a stage may end one after the other because shuffled data was lost, before its job fails.", AtLeast(1))

	// IgnoreDrained keeps what decommissioning brings about out of that limit.
	IgnoreDrained = Bool("kiln.stage.ignoreDecommissionFetchFailure", true,
		"Do not count an attempt of a stage, as kiln.stage.maxConsecutiveAttempts says, that ends because shuffled data went with an executor that was decommissioned. Four times as many of these still fail the job.")

	// MaxResultSize limits what one action brings to the driver; 0 means no limit.
	MaxResultSize = Size("kiln.driver.maxResultSize", GiB,
		"The most that the encoded results of one action may take in the driver. More fails the job. 0: no limit.", AtLeast(Bytes(0)))

	// LaunchAhead bounds what waits on executors for a free slot.
	LaunchAhead = Int("kiln.scheduler.launchAhead", 32,
		"How many task attempts may wait on an executor for each of its slots, so that tasks shorter than a message to the driver follow each other at once. They are recalled when a slot elsewhere is free. 0: none.",
		AtLeast(0))

	// SchedRecord is a file for the scheduler's events and actions, which kiln replay reads; empty means none.
	SchedRecord = String("kiln.sched.record", "", "A file to record every event and decision of the scheduler in, for kiln replay.")
)
