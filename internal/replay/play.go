package replay

import "github.com/kilnproject/kiln/internal/core/sched"

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
// returns false; nil visits nothing. The error says that the log is damaged; what came before was played.
func (l *Log) Play(visit func(Step) bool) (Outcome, error) {
	core, digest, c := sched.New(l.Config), newDigest(), &contents{log: l}
	var o Outcome
	var done []sched.Action
	for rec := range c.all() {
		o.Steps++
		done = core.Step(rec.Now, rec.Event, done[:0])
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
