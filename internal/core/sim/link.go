package sim

import (
	"math/rand/v2"
	"time"

	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// A link to an executor is a stream: messages to it come in order, or not at all once one was lost. Messages from it may overtake each
// other, which is more than a stream does and costs the core nothing. While the network is parted nothing comes through; it comes
// afterwards, and may be stale then.

// send lets the executor get a message after those that were sent before.
func (e *executor) send(get func()) {
	w := e.world
	e.sent++
	e.down = max(e.down, w.now+w.upTo(w.MaxDelay, name{downTime, int64(e.id), int64(e.sent), 0}))
	e.inbox = append(e.inbox, get)
	w.plan(e.down, e.receive)
}

// receive gets the message that was sent first.
func (e *executor) receive() {
	if until := max(e.apart, e.paused); e.world.now < until {
		e.world.plan(until, e.receive)
		return
	}
	get := e.inbox[0]
	e.inbox = e.inbox[1:]
	if !e.dead && !e.mute {
		get()
	}
}

// say brings something from the executor to the driver, all of it at once. It comes also when the executor is dead by then.
func (e *executor) say(of name, news ...sched.Event) {
	w := e.world
	if e.mute {
		return
	}
	var carry func()
	carry = func() {
		if w.now < e.apart {
			w.plan(e.apart, carry)
			return
		}
		for _, ev := range news {
			w.tell(ev)
		}
	}
	w.plan(w.now+w.upTo(w.MaxDelay, of), carry)
}

// sayEnd brings the end of a task attempt. Some come twice; some are lost, and the link with them.
func (e *executor) sayEnd(t *try, end task.End) {
	w := e.world
	if !e.mute && w.mishap(w.Lose, t.named(isLost)) {
		e.mute = true
		w.tell(sched.ExecutorSuspected{ID: e.id, Reason: "its link ended"})
		w.lose(e, false)
		return
	}
	e.say(t.named(upTime), sched.TaskEnded{Executor: e.id, End: end})
	if w.mishap(w.Twice, t.named(comesTwice)) {
		again := t.named(upTime)
		again.c = -again.c - 1
		e.say(again, sched.TaskEnded{Executor: e.id, End: end})
	}
}

// beat gives signs of life, as long as something may be asked of the executor.
func (e *executor) beat() {
	w := e.world
	if w.Sched.Silence == 0 || w.finished() || e.dead || e.mute {
		return
	}
	if w.now >= max(e.apart, e.paused) {
		w.tell(sched.Heard{Executor: e.id})
	}
	w.plan(w.now+w.Sched.Silence/4, e.beat)
}

// reachable says that others can read from the executor.
func (e *executor) reachable() bool {
	return !e.dead && !e.mute && e.world.now >= max(e.apart, e.paused)
}

// part cuts an executor, a host or a rack off for a while, which ends with the faults.
func (w *World) part(r *rand.Rand, one *executor) {
	until, which := min(w.now+upTo(r, 6*time.Second), w.Faults), r.IntN(4)
	for _, e := range w.executors {
		in := e == one || which == 1 && e.host == one.host || which == 2 && w.Racks && w.rackOf(e.host) == w.rackOf(one.host)
		if in && !e.dead && e.apart < until {
			w.note("executor %v cannot be reached until %v", e.id, until)
			e.apart = until
		}
	}
}

// pause stops an executor for a while.
func (w *World) pause(r *rand.Rand, e *executor) {
	until := min(w.now+upTo(r, 6*time.Second), w.Faults)
	if !e.dead && e.paused < until {
		w.note("executor %v stands still until %v", e.id, until)
		e.paused = until
	}
}

// stop lets the driver stand still for a while.
func (w *World) stop(d Time) {
	w.note("the driver stands still for %v", d)
	w.stopped = max(w.stopped, w.now+d)
	w.plan(w.stopped, w.goOn)
}

// goOn lets the driver go on after it stood still. It gives nobody up for its own silence, since everybody counts as heard; then it
// gets what has come meanwhile.
func (w *World) goOn() {
	if w.now < w.stopped || w.clearing {
		return // it was stopped again
	}
	w.clearing = true
	w.tell(sched.DriverResumed{})
	for len(w.backlog) > 0 {
		ev := w.backlog[0]
		w.backlog = w.backlog[1:]
		w.tell(ev)
	}
	w.clearing = false
}
