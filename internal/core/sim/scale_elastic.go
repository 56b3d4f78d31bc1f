package sim

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// How long the cluster manager of a Scale takes to start an executor, and how often dynamic allocation looks at the load.
const (
	startTime  = 2 * time.Second
	lookPeriod = 100 * time.Millisecond
)

// grant starts the executors that are wanted and not there.
func (w *scaleWorld) grant() {
	for w.alive+w.coming < w.want {
		w.coming++
		late := Time(0)
		if w.SlowJoin > 0 {
			late = w.upTo(w.SlowJoin + 1)
		}
		w.plan(happening{at: w.now + startTime + late, kind: executorComes})
	}
}

// join lets an executor register, if it is wanted still.
func (w *scaleWorld) join() {
	w.coming--
	if w.alive < w.want {
		w.register()
	}
}

// look lets dynamic allocation look at the load, and looks again later.
func (w *scaleWorld) look() {
	next, wanted := w.elastic.Compute(w.load(), w.now)
	w.elastic = next
	w.want = wanted.Targets[0].Executors
	if len(wanted.Release) > 0 {
		w.tell(sched.KillAsked{Executors: wanted.Release, Reason: "it had nothing to do"})
	}
	w.grant()
	w.plan(happening{at: w.now + lookPeriod, kind: looks})
}

// load is what the scheduler shows to dynamic allocation.
func (w *scaleWorld) load() *alloc.View {
	now := w.core.View()
	v := &alloc.View{Begun: true, Profiles: []alloc.Profile{{Slots: w.Slots}}}
	for _, s := range now.Stages {
		v.Stages = append(v.Stages, alloc.Stage{Waiting: s.Waiting, Copies: s.Slow, Running: s.Running})
	}
	for _, e := range now.Executors {
		v.Executors = append(v.Executors, alloc.Executor{
			ID: e.ID, Leaving: e.State != "active", Running: e.Used, Idle: e.Idle, Outputs: e.Outputs > 0, Needed: e.Needed,
		})
	}
	return v
}
