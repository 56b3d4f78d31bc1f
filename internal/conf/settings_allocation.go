package conf

import (
	"errors"
	"math"
	"time"
)

// Unlimited is the default of durations and counts that no number limits, as in Spark.
const (
	UnlimitedTime  = math.MaxInt32 * time.Second
	UnlimitedCount = math.MaxInt32
)

// longerThanNothing refuses what would be no waiting at all.
func longerThanNothing(d time.Duration) error {
	if d <= 0 {
		return errors.New("is not more than nothing")
	}
	return nil
}

// Dynamic allocation: executors that come and go with the load.
var (
	// DynamicAllocation makes the number of executors follow the load.
	DynamicAllocation = Bool("kiln.dynamicAllocation.enabled", false,
		"Let executors come while tasks wait, and go when they have had nothing to do for a while. With local-cluster[executors,slots,memory] the first number is then the most there are at once. Masters local, local[N] and local[*] ignore it.")

	// MinExecutors is the least number of executors.
	MinExecutors = Int("kiln.dynamicAllocation.minExecutors", 0, "The fewest executors there are, however little there is to do.", Between(0, UnlimitedCount))

	// InitialExecutors is their number at the start; less than MinExecutors means that.
	InitialExecutors = Int("kiln.dynamicAllocation.initialExecutors", 0,
		"How many executors there are before the first job. Fewer than kiln.dynamicAllocation.minExecutors means so many.", Between(0, UnlimitedCount)).
		DefaultText("kiln.dynamicAllocation.minExecutors")

	// MaxExecutors is the greatest number of executors.
	MaxExecutors = Int("kiln.dynamicAllocation.maxExecutors", UnlimitedCount, "The most executors there are, however much there is to do.", Between(1, UnlimitedCount)).
			DefaultText("what the master gives")

	// AllocationRatio is the share of what tasks can use that is asked for.
	AllocationRatio = Float("kiln.dynamicAllocation.executorAllocationRatio", 1,
		"The share of a slot for every task that is asked for: 1 lets all tasks run at once, 0.5 half of them, for which fewer executors are started.", shareOfAll)

	// BacklogTimeout is how long tasks wait before executors are asked for.
	BacklogTimeout = Duration("kiln.dynamicAllocation.schedulerBacklogTimeout", time.Second,
		"How long tasks wait before more executors are asked for.", longerThanNothing).Spark("spark.dynamicAllocation.schedulerBacklogTimeout", "s")

	// SustainedBacklogTimeout is how long they go on waiting before more are; use Lookup, since BacklogTimeout is its default.
	SustainedBacklogTimeout = Duration("kiln.dynamicAllocation.sustainedSchedulerBacklogTimeout", time.Second,
		"How long they go on waiting before still more executors are asked for, twice as many each time.", longerThanNothing).
		DefaultText("kiln.dynamicAllocation.schedulerBacklogTimeout").Spark("spark.dynamicAllocation.sustainedSchedulerBacklogTimeout", "s")

	// ExecutorIdleTimeout is how long an executor stays that has nothing to do.
	ExecutorIdleTimeout = Duration("kiln.dynamicAllocation.executorIdleTimeout", time.Minute,
		"How long an executor stays that has nothing to do.", AtLeast(time.Duration(0))).Spark("spark.dynamicAllocation.executorIdleTimeout", "s")

	// CachedIdleTimeout is how long one stays that holds cached partitions.
	CachedIdleTimeout = Duration("kiln.dynamicAllocation.cachedExecutorIdleTimeout", UnlimitedTime,
		"How long an executor stays that has nothing to do and holds cached partitions.", AtLeast(time.Duration(0))).
		DefaultText("unlimited").Spark("spark.dynamicAllocation.cachedExecutorIdleTimeout", "s")

	// ShuffleTracking keeps executors for their map outputs.
	ShuffleTracking = Bool("kiln.dynamicAllocation.shuffleTracking.enabled", true,
		"Keep executors whose map outputs an active job reads. It can be turned off only where executors that go drain (kiln.decommission.enabled), so that others copy their outputs.")

	// ShuffleTimeout is how long an executor stays that holds map outputs that no active job reads.
	ShuffleTimeout = Duration("kiln.dynamicAllocation.shuffleTracking.timeout", UnlimitedTime,
		"How long an executor stays that has nothing to do and holds map outputs that jobs to come may read. Outputs that no program can refer to any more are dropped and keep no executor.", AtLeast(time.Duration(0))).
		DefaultText("unlimited").Spark("spark.dynamicAllocation.shuffleTracking.timeout", "ms")
)

// shareOfAll refuses what is no share.
func shareOfAll(f float64) error {
	if !(f > 0 && f <= 1) { // also NaN
		return errors.New("is not more than 0 and at most 1")
	}
	return nil
}

// checkAllocation finds settings of dynamic allocation that contradict each other. They matter only when it is on.
func checkAllocation(c *Conf) []error {
	if !DynamicAllocation.Of(c) {
		return nil
	}
	var problems []error
	least, most := MinExecutors.Of(c), MaxExecutors.Of(c)
	if least > most {
		problems = append(problems, contradiction(c, MinExecutors, "is more than "+MaxExecutors.String()))
	}
	if m, err := ParseMaster(Master.Of(c)); err == nil && m.Kind == LocalCluster {
		if least > m.Executors {
			problems = append(problems, contradiction(c, MinExecutors, "is more than "+Master.Of(c)+" has"))
		}
		most = min(most, m.Executors)
	}
	if least <= most && InitialExecutors.Of(c) > most {
		problems = append(problems, contradiction(c, InitialExecutors, "is more than there may ever be"))
	}
	if !ShuffleTracking.Of(c) && !(Decommission.Of(c) && MoveOutputs.Of(c)) {
		problems = append(problems, contradiction(c, ShuffleTracking, "would let executors go with map outputs that jobs still read: nothing else serves them, unless "+Decommission.String()+" lets others copy them first"))
	}
	return problems
}

// contradiction refuses a value for the sake of another one.
func contradiction[T any](c *Conf, k Key[T], why string) *Error {
	e := &Error{Key: k.String(), Why: why, Suggestion: "change it, or turn off " + DynamicAllocation.String()}
	if g := c.values[k.s.index]; g != nil {
		e.Value, e.Origin, e.Place = g.Value, g.Origin, g.Place
	}
	return e
}
