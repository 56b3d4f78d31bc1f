package replay

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// Rule is why a task did not run, or that it did.
type Rule uint8

// The rules.
const (
	Runs            Rule = iota + 1 // it was launched
	Parents                         // the map outputs that it reads were not all there
	Gathering                       // map outputs were lost, and more losses were waited for before its stage ran again
	NoExecutor                      // no executor took tasks
	TooFewExecutors                 // fewer executors had registered than tasks wait for at the start
	NoSlot                          // all slots were taken, and none came free but for tasks of its own stage
	PoolOrder                       // slots came free, and went to stages that are before its own
	Locality                        // there were free slots, and it waited for one nearer to its data
	Excluded                        // there were free slots, and it keeps away from where it or others failed
	Together                        // its barrier stage needs slots for all its tasks at once
	Unfit                           // there were free slots, where it may not go or does not fit
)

// String gives the rule in words.
func (r Rule) String() string {
	switch r {
	case Runs:
		return "it runs"
	case Parents:
		return "waits for the stages that it reads from"
	case Gathering:
		return "waits until losses of map outputs have been gathered"
	case NoExecutor:
		return "waits for an executor"
	case TooFewExecutors:
		return "waits until enough executors have registered"
	case NoSlot:
		return "waits for a free slot"
	case PoolOrder:
		return "waits for its turn"
	case Locality:
		return "waits for a slot near its data"
	case Excluded:
		return "keeps away from where tasks failed"
	case Together:
		return "waits until all tasks of its barrier stage can run"
	case Unfit:
		return "waits for a slot where it may go and fits"
	}
	return fmt.Sprintf("rule %d", r)
}

// Spell is a time for which one rule held.
type Spell struct {
	From, To sched.Time
	Rule     Rule
	Detail   string // which stages, where, how it ended; may be empty
}

// String gives the spell in a line.
func (s Spell) String() string {
	line := fmt.Sprintf("%10.3fs to %.3fs  %v", s.From.Seconds(), s.To.Seconds(), s.Rule)
	if s.Detail != "" {
		line += ": " + s.Detail
	}
	return line
}
