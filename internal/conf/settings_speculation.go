package conf

import "time"

// Speculation: a task that is slow is run once more on another machine, and whoever is done first counts.
var (
	// Speculation turns it on.
	Speculation = Bool("kiln.speculation", false,
		"Run a task that is slow once more on another machine; what is done first counts. Not in local mode, which has one machine.")

	// SpeculationInterval is how often it is looked for slow tasks.
	SpeculationInterval = Duration("kiln.speculation.interval", 100*time.Millisecond,
		"How often it is looked for slow tasks, at most.", AtLeast(time.Millisecond)).Spark("spark.speculation.interval", "ms")

	// SpeculationMultiplier is what is slow.
	SpeculationMultiplier = Float("kiln.speculation.multiplier", 3,
		"How many times as long as the median of its stage a task must have run to be slow. Where the size of its input is known it has more time for more bytes.",
		Between(1.0, 1e6))

	// SpeculationQuantile is how much of a stage must be done first.
	SpeculationQuantile = Float("kiln.speculation.quantile", 0.9,
		"Which part of the tasks of a stage must be done before others are compared with them.", Between(0.0, 1.0))

	// SpeculationMinRuntime is how long no task is slow.
	SpeculationMinRuntime = Duration("kiln.speculation.minTaskRuntime", 100*time.Millisecond,
		"How long a task must have run before it is slow.", AtLeast(time.Duration(0))).Spark("spark.speculation.minTaskRuntime", "ms")

	// SpeculationThreshold is what is slow in a small stage.
	SpeculationThreshold = Duration("kiln.speculation.task.duration.threshold", 0,
		"How long a task of a stage that fits on one executor may run before it is slow, also while no other one is done. 0: for ever.",
		AtLeast(time.Duration(0))).DefaultText("not set").Spark("spark.speculation.task.duration.threshold", "ms")

	// SpeculationEfficiency is whether it counts how fast a task reads.
	SpeculationEfficiency = Bool("kiln.speculation.efficiency.enabled", true,
		"Leave a task alone that has run for long, and reads as fast as others did.")

	// SpeculationRate is what is slow reading.
	SpeculationRate = Float("kiln.speculation.efficiency.processRateMultiplier", 0.75,
		"A task that reads less than this part of the average is slow.", Between(0.001, 1.0))

	// SpeculationLongRun is how long reading fast helps.
	SpeculationLongRun = Float("kiln.speculation.efficiency.longRunTaskFactor", 2,
		"A task that has run this many times as long as is slow gets a copy however fast it reads.", Between(1.0, 1e6))
)
