package sim

import "github.com/kilnproject/kiln/internal/core/sched"

// Tape is what a core was told in a simulation, and what happened around it. A nil *Tape takes nothing down.
type Tape struct {
	Config sched.Config
	Told   []Told
}

// Told is an event that the core got, or, without one, a note on what happened elsewhere.
type Told struct {
	At    Time
	Event sched.Event
	Note  string
}

func (t *Tape) event(now Time, ev sched.Event) {
	if t != nil {
		t.Told = append(t.Told, Told{At: now, Event: ev})
	}
}

func (t *Tape) note(now Time, text string) {
	t.Told = append(t.Told, Told{At: now, Note: text})
}

// Record plays a plan and takes down what the core is told, up to the end or to where an oracle speaks. The error is that of Run.
func Record(p Plan) (*Tape, error) {
	w := newWorld(p, newCore(p.Sched))
	w.tape = &Tape{Config: p.Sched}
	w.play()
	return w.tape, w.err
}

// Play tells a new core what is on the tape, and shows each Step. It ends where the core breaks.
func (t *Tape) Play(show func(now sched.Time, ev sched.Event, done []sched.Action)) {
	core := sched.New(t.Config)
	var done []sched.Action
	defer func() { _ = recover() }() // the oracle's words tell of it
	for _, told := range t.Told {
		if told.Event != nil {
			done = core.Step(told.At, told.Event, done[:0])
			show(told.At, told.Event, done)
		}
	}
}
