package conf

import "time"

// The data path: sources, shuffles, broadcasts, compression.
var (
	// SplitSize is what one partition of a source aims at.
	SplitSize = Size("kiln.source.splitSize", 32*MiB,
		"How much of its input one partition of a file source reads, about. Inputs that would give fewer than two partitions for each slot are cut smaller.",
		AtLeast(Bytes(1)))

	// Codec is how blocks are compressed.
	Codec = Enum("kiln.io.compression.codec", "s2", []string{"s2", "zstd", "lz4", "none"},
		"How shuffled, spilled, broadcast and cached blocks are compressed: s2 is fast, zstd is small.")

	// MaxBytesInFlight limits what one reduce task asks of other executors at once.
	MaxBytesInFlight = Size("kiln.shuffle.maxBytesInFlight", 48*MiB,
		"How many bytes of shuffled data a task asks for ahead of what it has used.", AtLeast(64*KiB)).Spark("spark.reducer.maxSizeInFlight", "m")

	// MaxSegmentInMemory limits what one map task's part of a reduce partition takes while it waits to be used.
	MaxSegmentInMemory = Size("kiln.shuffle.maxSegmentInMemory", 48*MiB,
		"How many bytes one map task may have left for one reduce task that runs on another executor, and still wait in memory there. More than that waits in a file.", AtLeast(64*KiB)).
		Spark("spark.network.maxRemoteBlockSizeFetchToMem", "b")

	// FetchRetries is how often a fetch is tried again on the same executor.
	FetchRetries = Int("kiln.shuffle.fetch.retries", 3,
		"How often a fetch of shuffled data is tried again when the connection breaks, before the data counts as lost.", Between(0, 1000)).
		Spark("spark.shuffle.io.maxRetries", "")

	// FetchRetryWait is the pause before each of these.
	FetchRetryWait = Duration("kiln.shuffle.fetch.retryWait", 500*time.Millisecond,
		"The pause before a fetch is tried again.", AtLeast(time.Duration(0))).Spark("spark.shuffle.io.retryWait", "s")

	// ListFrom is the size from which executors fetch where map outputs lie.
	ListFrom = Size("kiln.shuffle.mapOutput.minSizeForBroadcast", 512*KiB,
		"From what size on executors fetch the list of the map outputs that a stage reads as a block, once each. A smaller one comes with the stage. Masters local, local[N] and local[*] share it in memory and ignore the setting.",
		Between(1, 64*MiB))

	// Digests makes map tasks tell what they wrote from anything else.
	Digests = Bool("kiln.shuffle.digests.enabled", true,
		"Notice when a part of a shuffle that was lost and computed again has other rows than before, because a function depends on chance or on the order of rows. What was made of the old rows is then computed again, or the job fails rather than give results of both. Masters local, local[N] and local[*] lose no executors and ignore it.")

	// BroadcastBlockSize is the size of the pieces of a broadcast.
	BroadcastBlockSize = Size("kiln.broadcast.blockSize", 4*MiB,
		"The size of the pieces in which a broadcast value travels.", Between(4*KiB, GiB)).Spark("spark.broadcast.blockSize", "k")
)
