package alloc

import (
	"math"
	"time"
)

// Time is a moment: the time since the driver started. Durations between moments are of the same type.
type Time = time.Duration

// Never is a duration that does not end.
const Never Time = math.MaxInt64

// Config is the rules. Limits count executors of each profile for itself.
type Config struct {
	Min, Max int
	Initial  int // the target until the first stage is submitted, or the first idle executor may go

	// Ratio is how much of what the tasks could use is asked for: 1 gives every task a slot, 0.5 every second one.
	Ratio float64

	Backlog   Time // how long tasks wait before the target grows
	Sustained Time // how long they go on waiting before it grows again

	// How long an executor on which nothing runs stays: one that holds nothing, one that holds cached partitions, and one that holds
	// map outputs. The longest one counts.
	Idle, CachedIdle, ShuffleIdle Time

	// TrackShuffles keeps executors whose map outputs an active job reads, and lets ShuffleIdle count. Without it map outputs outlive
	// their executor, since something else serves them.
	TrackShuffles bool

	// Drain takes leave of executors by draining them, so that others can take over what they hold.
	Drain bool
}
