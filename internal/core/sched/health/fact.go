package health

import (
	"fmt"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Rule is why a task may not go somewhere.
type Rule uint8

// The rules, narrowest first.
const (
	None              Rule = iota // it may
	TaskFailedThere               // the task failed on the executor
	TaskFailedOnHost              // the task failed on executors of the host
	StageOnExecutor               // tasks of the stage attempt failed on the executor
	StageOnHost                   // the stage attempt excludes executors of the host
	ApplicationOnExec             // the application excludes the executor
	ApplicationOnHost             // the application excludes the host
)

// OfHost says that the rule is about all executors of a host.
func (r Rule) OfHost() bool {
	return r == TaskFailedOnHost || r == StageOnHost || r == ApplicationOnHost
}

// String gives the rule in words.
func (r Rule) String() string {
	switch r {
	case None:
		return "allowed"
	case TaskFailedThere:
		return "the task failed on this executor"
	case TaskFailedOnHost:
		return "the task failed on this host"
	case StageOnExecutor:
		return "the stage excludes this executor"
	case StageOnHost:
		return "the stage excludes this host"
	case ApplicationOnExec:
		return "the application excludes this executor"
	case ApplicationOnHost:
		return "the application excludes this host"
	}
	return fmt.Sprintf("rule %d", r)
}

// Fact says that an executor or a host is excluded, or included again.
type Fact struct {
	Rule     Rule // StageOnExecutor and after: at which level, and whether it is the executor or the host
	Included bool // again, because the time is over; else excluded
	Stage    ids.StageRef
	Executor ids.ExecutorID // of a rule about executors
	Host     string         // where the executor is, or which host it is
	Failures int            // failed tasks, or excluded executors of the host; 0 when it is for map outputs that could not be read
	Until    Time           // for the application
	Ending   Ending         // what is to become of the executor, or of all on the host
}

// OfHost says that the fact is about a whole host.
func (f Fact) OfHost() bool { return f.Rule.OfHost() }

// OfStage says that the fact is about one stage attempt only.
func (f Fact) OfStage() bool { return f.Rule == StageOnExecutor || f.Rule == StageOnHost }

// OfFetch says that the fact comes of map outputs that could not be read, and not of failed tasks.
func (f Fact) OfFetch() bool { return f.Failures == 0 && !f.Included }

// String gives the fact in words.
func (f Fact) String() string {
	what := fmt.Sprintf("executor %v on host %s", f.Executor, f.Host)
	if f.OfHost() {
		what = "host " + f.Host
	}
	switch {
	case f.Included:
		return what + " is included again"
	case f.OfStage():
		return fmt.Sprintf("%v excludes %s: %s", f.Stage, what, f.why())
	}
	return fmt.Sprintf("%s is excluded until %v (%v): %s", what, f.Until.Round(time.Millisecond), f.Ending, f.why())
}

// why gives in words what was counted.
func (f Fact) why() string {
	counted := "failed task"
	switch {
	case f.OfFetch():
		return "its map outputs could not be read"
	case f.OfHost():
		counted = "excluded executor"
	}
	if f.Failures > 1 {
		counted += "s"
	}
	return fmt.Sprintf("%d %s", f.Failures, counted)
}
