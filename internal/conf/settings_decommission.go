package conf

import "time"

// Decommission: executors that drain before they go.
var (
	// Decommission drains executors in place of ending them.
	Decommission = Bool("kiln.decommission.enabled", false,
		"Drain executors that are not needed any more, so that one goes when nothing that it holds is wanted, in place of ending them.")

	// DecommissionKillTimeout is how long that may take; 0 means as long as it takes.
	DecommissionKillTimeout = Duration("kiln.executor.decommission.forceKillTimeout", 0,
		"How long an executor that drains may take before it is ended with what it holds. 0: as long as it takes.", AtLeast(time.Duration(0))).
		Spark("spark.executor.decommission.forceKillTimeout", "s")

	// MoveOutputs lets others take copies of the map outputs of an executor that drains.
	MoveOutputs = Bool("kiln.storage.decommission.shuffleBlocks.enabled", true,
		"Copy the map outputs of an executor that drains to others, so that it can go and nothing is computed again. Off: it stays until nobody needs them, or until kiln.storage.decommission.wait is over.")

	// MoveCached lets others take copies of its cached partitions.
	MoveCached = Bool("kiln.storage.decommission.rddBlocks.enabled", true,
		"Copy the partitions of cached RDDs that only an executor has that drains to others with room for them, after its map outputs. Off, or where nobody has room: they are computed again when they are needed.")

	// MovesAtOnce bounds the copies under way.
	MovesAtOnce = Int("kiln.storage.decommission.shuffleBlocks.maxThreads", 8,
		"How many map outputs and cached partitions are on their way from one executor that drains, and to one other, at once.", Between(1, 1<<10))

	// MoveFailures is how often copying one block may fail.
	MoveFailures = Int("kiln.storage.decommission.maxReplicationFailuresPerBlock", 3,
		"How often copying a map output or a cached partition may fail before it stays where it is. Each time another executor tries, as long as there is one.", Between(1, UnlimitedCount))

	// MoveWait is how long an executor waits for somebody who takes its blocks.
	MoveWait = Duration("kiln.storage.decommission.wait", 30*time.Second,
		"How long an executor that drains stays, when its tasks are done, while there is no other executor that could take its map outputs and cached partitions, for outputs that could not be copied, and for tasks that yet read from it. It then goes, and what goes with it is computed again when it is needed. 0: as long as it takes.", AtLeast(time.Duration(0)))
)
