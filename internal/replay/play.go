package replay

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
)

// Outcome is what playing a log again came to.
type Outcome struct {
	Steps     int
	Different int // the first Step after which the digests of the orders differ, from 1; 0 when none does
	Ending    Ending
	Stopped   string // why the recorder stopped
}

// Step is one Step that was played again.
type Step struct {
	Number  int // from 1
	Record  Record
	Core    *sched.Core    // after it
	Actions []sched.Action // that the core gave now; valid until the next Step
}

// Play runs a new core on the events of the log, shows each Step, and compares. It goes on after a difference, and stops when visit
// returns false; nil visits nothing. The error says that the log is damaged, or that the core broke; what came before was played.
func (l *Log) Play(visit func(Step) bool) (Outcome, error) {
	if _, err := pool.New[int](l.Config.Pools); err != nil {
		return Outcome{}, fmt.Errorf("the configuration in the log cannot be: %w", err)
	}
	core, digest, c := sched.New(l.Config), newDigest(), &contents{log: l}
	var o Outcome
	var done []sched.Action
	for rec := range c.all() {
		o.Steps++
		var err error
		if done, err = step(core, rec, done[:0]); err != nil {
			return o, fmt.Errorf("step %d: %w", o.Steps, err)
		}
		known := digest.add(done)
		if o.Different == 0 && (!known || uint16(digest.sum) != rec.Check) {
			o.Different = o.Steps
		}
		if visit != nil && !visit(Step{o.Steps, rec, core, done}) {
			break
		}
	}
	if c.digest != 0 && o.Different == 0 && c.ending == Complete && c.digest != digest.sum {
		o.Different = o.Steps
	}
	o.Ending, o.Stopped = c.ending, c.why
	return o, c.err
}

// step is one Step. The core panics on what no shell tells it, which a log may hold that was damaged on purpose, and on its own bugs,
// which are what somebody may look for.
func step(core *sched.Core, rec Record, out []sched.Action) (done []sched.Action, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the core broke at the event %s: %v", asItIs(rec.Event), broken)
		}
	}()
	return core.Step(rec.Now, rec.Event, out), nil
}
