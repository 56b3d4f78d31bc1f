package sim

import (
	"github.com/kilnproject/kiln/internal/core/ids"
)

// Links of a Scale are as those of [Run]: messages to an executor come in order, those from it may overtake each other, and while the
// network is parted nothing comes through, but afterwards.

// send lets an executor get a message after those that were sent before.
func (w *scaleWorld) send(h happening) {
	h.at = w.now + w.travel()
	if w.Jitter > 0 {
		e := &w.executors[h.executor]
		h.at = max(h.at, e.down)
		e.down = h.at
	}
	w.plan(h)
}

// say brings the end of a task attempt to the driver. Some come twice; some are lost, and the link with them.
func (w *scaleWorld) say(h happening) {
	if w.Lose > 0 && w.chance.Float64() < w.Lose {
		w.again(h.ref)
		w.report.Failures++
		w.lose(h.executor)
		w.grant()
		return
	}
	h.kind, h.at = endArrives, w.now+w.travel()
	w.plan(h)
	if w.Twice > 0 && w.chance.Float64() < w.Twice {
		h.repeated, h.at = true, w.now+w.travel()
		w.plan(h)
	}
}

// travel is how long a message takes.
func (w *scaleWorld) travel() Time {
	if w.Jitter == 0 {
		return w.Delay
	}
	return w.Delay + Time(w.chance.Int64N(int64(w.Jitter)+1))
}

// held says that a message to or from an executor does not come through now, and lets it come later.
func (w *scaleWorld) held(h happening) bool {
	until := w.apart(h.executor)
	if until <= w.now {
		return false
	}
	h.at = until
	w.plan(h)
	return true
}

// apart gives until when an executor cannot be reached.
func (w *scaleWorld) apart(id ids.ExecutorID) Time { return w.executors[id].apart }
