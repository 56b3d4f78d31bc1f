package conf

// The application as a whole.
var (
	// Master is where the application runs; ParseMaster reads it.
	Master = String("kiln.master", "local[*]",
		"Where tasks run: local (one thread), local[N], local[*] (every core), local[N,F] (a task may be tried F times), "+
			"local-cluster[executors,slots,memory] (processes on this machine), kiln://host:port[,host:port], yarn, k8s://URL, mesos://address.",
		func(s string) error { _, err := ParseMaster(s); return err })

	// AppName is what the user calls the application.
	AppName = String("kiln.app.name", "", "The name of the application in the UI, in logs and in the cluster manager.").
		DefaultText("the name of the program")

	// DefaultParallelism is the number of partitions where nothing else says it; 0 means unset.
	DefaultParallelism = Int("kiln.default.parallelism", 0,
		"Partitions of Parallelize, Range and shuffles whose verb names no number and whose inputs suggest none. 0: as many as there are slots.", Between(0, 1<<20)).
		DefaultText("the number of slots")

	// CheckpointDir is a directory that every executor sees; empty means that Checkpoint is an error.
	CheckpointDir = String("kiln.checkpoint.dir", "", "The directory that Checkpoint writes to. Every executor must see it under this path.")

	// CheckRows is the debug mode that finds functions that change their rows.
	CheckRows = Bool("kiln.debug.checkRows", false,
		"Fail a task whose function changed a row that it was given, which it must not do. Slow: for tests.")
)
