package conf

import "time"

// The scheduler: in what order jobs get slots, and how long a task waits for a good one.
var (
	// SchedulerMode is how jobs share slots.
	SchedulerMode = Enum("kiln.scheduler.mode", "FIFO", []string{"FIFO", "FAIR"},
		"How jobs that run at the same time share slots: FIFO serves the older one first, FAIR lets pools take turns (kiln.WithPool).")

	// AllocationFile defines pools.
	AllocationFile = String("kiln.scheduler.allocation.file", "",
		"A file of pools with their weights and minimum shares, in the form of Spark's fairscheduler.xml. With it, a job in a pool that the file does not have is refused. Only for FAIR.")

	// LocalityWait is how long a slot may be left free for one nearer to a task's data.
	LocalityWait = Duration("kiln.locality.wait", 3*time.Second,
		"How long a task waits for a free slot nearer to its data, at each distance, before it takes one farther away. 0: not at all.", AtLeast(time.Duration(0))).
		Spark("spark.locality.wait", "ms")

	// LocalityWaitProcess is LocalityWait for the executor that has the data.
	LocalityWaitProcess = Duration("kiln.locality.wait.process", 0, "The same for a slot in the very executor that has the data.", AtLeast(time.Duration(0))).
				DefaultText("kiln.locality.wait").Spark("spark.locality.wait.process", "ms")

	// LocalityWaitNode is LocalityWait for its machine.
	LocalityWaitNode = Duration("kiln.locality.wait.node", 0, "The same for a slot on the machine that has the data.", AtLeast(time.Duration(0))).
				DefaultText("kiln.locality.wait").Spark("spark.locality.wait.node", "ms")

	// LocalityWaitRack is LocalityWait for its rack.
	LocalityWaitRack = Duration("kiln.locality.wait.rack", 0, "The same for a slot in the rack that has the data.", AtLeast(time.Duration(0))).
				DefaultText("kiln.locality.wait").Spark("spark.locality.wait.rack", "ms")

	// ReduceLocality lets reduce tasks prefer hosts that have much of their input.
	ReduceLocality = Bool("kiln.shuffle.reduceLocality.enabled", true,
		"Whether a reduce task prefers machines that have at least a fifth of what it reads; with fewer than 1000 map and reduce partitions.").
		Spark("spark.shuffle.reduceLocality.enabled", "")

	// BarrierSyncTimeout is how long the tasks of a barrier stage wait for each other.
	BarrierSyncTimeout = Duration("kiln.barrier.sync.timeout", 365*24*time.Hour,
		"How long a call of TaskContext.Barrier or AllGather may wait for the other tasks of its stage before all of them fail.", AtLeast(time.Millisecond)).
		Spark("spark.barrier.sync.timeout", "s")

	// BarrierCheckInterval and BarrierCheckFailures together say how long a barrier stage waits for enough executors.
	BarrierCheckInterval = Duration("kiln.scheduler.barrier.maxConcurrentTasksCheck.interval", 15*time.Second,
		"With kiln.scheduler.barrier.maxConcurrentTasksCheck.maxFailures, how long a barrier stage with more tasks than the executors have slots waits for more executors before its job fails: the product of both.",
		AtLeast(time.Millisecond)).Spark("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "s")

	// BarrierCheckFailures is the other half.
	BarrierCheckFailures = Int("kiln.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", 40,
		"How many times that interval a barrier stage waits for enough executors.", AtLeast(1))

	// BarrierHold is when a barrier stage that waits begins to hold slots.
	BarrierHold = Duration("kiln.scheduler.barrier.holdAfter", 10*time.Second,
		"How long a barrier stage for which there are slots enough waits until all of them are free, before it holds those that become free, for as long as it has waited. 0: never.",
		AtLeast(time.Duration(0)))

	// MinRegisteredRatio is how many executors must be there before tasks start.
	MinRegisteredRatio = Float("kiln.scheduler.minRegisteredResourcesRatio", 0,
		"Which part of the executors that were asked for must have registered before the first task starts.", Between(0.0, 1.0))

	// MaxRegisteredWait is how long tasks wait for that.
	MaxRegisteredWait = Duration("kiln.scheduler.maxRegisteredResourcesWaitingTime", 30*time.Second,
		"How long tasks wait at most for the executors that kiln.scheduler.minRegisteredResourcesRatio asks for.", AtLeast(time.Millisecond)).
		Spark("spark.scheduler.maxRegisteredResourcesWaitingTime", "ms")
)
