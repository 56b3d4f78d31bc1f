package conf

import (
	"fmt"
	"time"
)

// leastMemory is what an executor cannot run without.
const leastMemory = 32 * MiB

// EnoughMemory refuses what is most likely a number without its unit.
func EnoughMemory(b Bytes) error {
	if b != 0 && b < leastMemory {
		return fmt.Errorf("is less than %v, which an executor needs (1024 is 1024 bytes, 1024m is a gigabyte)", leastMemory)
	}
	return nil
}

// The executors: their memory, disks and signs of life.
var (
	// ExecutorMemory is all memory of one executor; 0 means what the machine offers.
	ExecutorMemory = Size("kiln.executor.memory", 0,
		"All memory that one executor may use: rows, caches, buffers, user data. It spills before it reaches this.", EnoughMemory).
		DefaultText("what the cgroup or the machine has, shared by the executors on it").Spark("spark.executor.memory", "m")

	// MemoryFraction is the share of ExecutorMemory that the engine manages.
	MemoryFraction = Float("kiln.memory.fraction", 0.6,
		"The share of an executor's memory for execution and cached data. The rest is for user data and the runtime.", Between(0.05, 0.95))

	// StorageFraction is the share of managed memory that caches keep against execution.
	StorageFraction = Float("kiln.memory.storageFraction", 0.5,
		"The share of that memory from which execution does not evict cached data.", Between(0.0, 1.0))

	// LocalDir is a comma-separated list of directories for spills, shuffles and cached blocks; empty means the host's choice.
	LocalDir = String("kiln.local.dir", "",
		"Directories for temporary data (spills, shuffles, cached blocks), separated by commas: best one for each disk.").
		DefaultText("the system's temporary directory")

	// HeartbeatInterval is how often an executor reports to the driver.
	HeartbeatInterval = Duration("kiln.executor.heartbeatInterval", 10*time.Second,
		"How often an executor tells the driver that it lives and how its tasks get on; every second with kiln.speculation, unless said. Must be well below kiln.network.timeout.",
		AtLeast(10*time.Millisecond)).Spark("spark.executor.heartbeatInterval", "ms")

	// NetworkTimeout is how long a silent peer counts as living.
	NetworkTimeout = Duration("kiln.network.timeout", 120*time.Second,
		"How long an executor or a connection may be silent before it counts as lost.", AtLeast(100*time.Millisecond)).Spark("spark.network.timeout", "s")

	// LocalClusterHosts is how many machines local-cluster stands for.
	LocalClusterHosts = Int("kiln.localCluster.hosts", 1,
		"How many machines the executors of local-cluster pretend to be on, by turns: what never happens on one machine, such as a copy of a slow task, can be tried with 2.",
		Between(1, 1000))

	// KillTimeout is how long a cancelled task may hold its slot.
	KillTimeout = Duration("kiln.task.killTimeout", 2*time.Minute,
		"How long a task may go on after it was cancelled before its executor process is ended, which is all that frees its slot. Not for executors in the driver's own process. 0: for ever.",
		AtLeast(time.Duration(0)))
)

// checkHeartbeat refuses executors that are silent for so long that each is given up before it says anything. Those in the driver's
// process are never given up.
func checkHeartbeat(c *Conf) []error {
	m, err := ParseMaster(Master.Of(c))
	if err != nil || m.Kind == Local || HeartbeatInterval.Of(c) < NetworkTimeout.Of(c) {
		return nil
	}
	e := contradiction(c, HeartbeatInterval, "is not below "+NetworkTimeout.String()+": each executor would be given up before it says that it lives")
	e.Suggestion = "a tenth of it is usual"
	return []error{e}
}
