package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// scaleExecutor is an executor of a Scale.
type scaleExecutor struct {
	host    string
	dead    bool
	slow    bool
	apart   Time        // until when it cannot be reached
	down    Time        // when the last message to it comes
	running []started   // at most one for each slot
	queue   []happening // launches beyond the slots, in order of arrival
}

// started is a task attempt on its slot.
type started struct {
	ref ids.TaskRef
	id  ids.TaskID
}

// runs gives the place of a task attempt among those that run, or -1.
func (e *scaleExecutor) runs(ref ids.TaskRef) int {
	return slices.IndexFunc(e.running, func(s started) bool { return s.ref == ref })
}

// register lets a new executor come.
func (w *scaleWorld) register() {
	id := ids.ExecutorID(len(w.executors))
	w.executors = append(w.executors, scaleExecutor{host: hostName(int(id) % w.Hosts), slow: w.chance.Float64() < w.Slow})
	w.alive++
	w.tell(sched.ExecutorRegistered{ID: id, Host: w.executors[id].host, Slots: w.Slots})
	if w.Sched.Silence > 0 {
		w.plan(happening{at: w.now + beatPeriod, kind: beats, executor: id})
	}
}

// lose ends an executor. The driver hears of it a message later.
func (w *scaleWorld) lose(id ids.ExecutorID) {
	e := &w.executors[id]
	if e.dead {
		return
	}
	w.running -= len(e.running)
	w.report.Failures += len(e.running) + len(e.queue)
	for _, s := range e.running {
		w.again(s.ref)
	}
	for _, h := range e.queue {
		w.waitOn(h.ref)
	}
	*e = scaleExecutor{host: e.host, dead: true}
	w.alive--
	w.plan(happening{at: w.now + w.Delay, kind: lossIsKnown, executor: id})
}

// arrive starts a task attempt, or lets it wait for a slot.
func (w *scaleWorld) arrive(h happening) {
	e := &w.executors[h.executor]
	switch {
	case e.dead:
	case len(e.running) == w.Slots:
		e.queue = append(e.queue, h)
	default:
		w.start(e, h)
	}
}

// start runs a task attempt whose inputs can be read.
func (w *scaleWorld) start(e *scaleExecutor, h happening) {
	e.running = append(e.running, started{h.ref, h.id})
	w.running++
	w.countWait(h.ref)
	h.kind, h.fate = taskEnds, task.Success
	from, reads, lost := w.unreadable(h.ref)
	if lost {
		h.at, h.fate, h.from = w.now+reads, task.FetchFailed, from
		w.plan(h)
		return
	}
	h.took = w.takes(int(w.jobOf[h.ref.Stage]), h.ref.Partition)
	if e.slow {
		h.took *= time.Duration(cmp.Or(w.Slowness, usualSlowness))
	}
	if w.chance.Float64() < w.Fail {
		h.fate = task.Failed
	}
	h.took += reads
	h.at = w.now + h.took
	w.plan(h)
}

// end takes a task attempt off its slot, unless it has been killed or its executor is gone.
func (w *scaleWorld) end(h happening) {
	e := &w.executors[h.executor]
	at := e.runs(h.ref)
	if at < 0 {
		return
	}
	if h.fate == task.Success {
		w.report.Run.add(h.took)
	} else {
		w.report.Failures++
		w.again(h.ref)
	}
	w.leave(e, at)
	w.say(h)
}

// leave frees a slot for what waits.
func (w *scaleWorld) leave(e *scaleExecutor, at int) {
	e.running = slices.Delete(e.running, at, at+1)
	w.running--
	if len(e.queue) > 0 {
		next := e.queue[0]
		e.queue = slices.Delete(e.queue, 0, 1)
		w.start(e, next)
	}
}

// kill stops a task attempt that waits, or one that runs, when it is not a recall.
func (w *scaleWorld) kill(h happening) {
	e := &w.executors[h.executor]
	waits := slices.IndexFunc(e.queue, func(q happening) bool { return q.ref == h.ref })
	runs := e.runs(h.ref)
	switch {
	case waits >= 0:
		h.id = e.queue[waits].id
		e.queue = slices.Delete(e.queue, waits, waits+1)
		w.waitOn(h.ref)
	case runs >= 0 && !h.recall:
		h.id = e.running[runs].id
		w.leave(e, runs)
	default:
		return
	}
	h.fate = task.Killed
	w.say(h)
}
