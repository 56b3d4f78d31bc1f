package sim

import (
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// elastic is the cluster manager of a world: it starts executors when there are fewer than are wanted, also because some were lost, and ends
// only those that it is told to. How many are wanted stays, but for what the core orders, or goes with the load.
type elastic struct {
	rules    alloc.Allocator
	supplies []supply // by profile
	asked    int      // executors, ever
	quiet    Time     // when the last job, and the last task that was killed with one, had ended
}

// supply is the executors of one profile.
type supply struct {
	want   int // what the manager was told
	users  int // what the users of a world want in which that stays
	alive  int // executors that have come and live
	coming int
}

// of gives the supply of a profile.
func (m *elastic) of(p ids.ProfileID) *supply {
	for int(p) >= len(m.supplies) {
		m.supplies = append(m.supplies, supply{})
	}
	return &m.supplies[p]
}

// How often dynamic allocation looks at the load, and how long after the last task: so long that whoever may go has gone.
const (
	lookEvery = 250 * time.Millisecond
	calmDown  = time.Minute
)

// look lets dynamic allocation look at the load, and looks again later.
func (w *World) look() {
	if w.now < w.stopped {
		w.plan(w.stopped, w.look)
		return
	}
	v := w.load()
	next, wanted := w.elastic.rules.Compute(v, w.now)
	w.elastic.rules = next
	for _, t := range wanted.Targets {
		before := w.elastic.of(t.Profile).want
		for _, watch := range w.oracles {
			if o, ok := watch.oracle.(allocationOracle); ok {
				w.judge(watch, o.looked(v, t, before, wanted))
			}
		}
		if t.Executors != before {
			w.note("%d executors of profile %d are wanted, after %d", t.Executors, t.Profile, before)
			w.elastic.of(t.Profile).want = t.Executors
		}
	}
	const why = "it had nothing to do"
	if len(wanted.Release) > 0 {
		w.tell(sched.KillAsked{Executors: wanted.Release, Reason: why})
	}
	if len(wanted.Drain) > 0 {
		w.tell(sched.ExecutorsDecommissioned{Executors: wanted.Drain, Reason: why, Within: 5 * time.Second})
	}
	w.grant()
	if !w.over || w.busy() {
		w.elastic.quiet = w.now
	}
	if !w.finished() {
		w.plan(w.now+lookEvery, w.look)
	}
}

// busy says that some task attempt runs: one that was killed may go on for long.
func (w *World) busy() bool {
	return slices.ContainsFunc(w.executors, func(e *executor) bool { return !e.dead && len(e.running) > 0 })
}

// finished says that nobody will ask for anything any more, and that whoever may go has had the time to go.
func (w *World) finished() bool {
	return w.over && (w.Elastic == nil || w.now >= w.elastic.quiet+calmDown)
}

// grant starts the executors that are wanted and not there. Those that drain do no work: others come in their place before they go.
func (w *World) grant() {
	if w.finished() {
		return
	}
	draining, slow := w.draining(), w.SlowJoin
	if w.Elastic == nil {
		slow = 2 * time.Second
	}
	for p := range ids.ProfileID(len(w.elastic.supplies)) {
		for s := w.elastic.of(p); s.alive+s.coming < s.want+draining[p]; s.coming++ {
			w.elastic.asked++
			n := int64(w.elastic.asked)
			w.plan(w.now+w.upTo(slow, name{comingTime, n, 0, 0}), func() { w.come(p, n) })
		}
	}
}

// more lets users want one more executor of a profile, which comes after a while. Where executors come and go with the load nobody says how
// many there should be.
func (w *World) more(of ids.ProfileID, after Time) {
	if w.Elastic == nil {
		w.elastic.of(of).want++
		w.elastic.of(of).users++
	}
	w.plan(w.now+after, w.grant)
}

// come lets an executor register that was asked for, if it is wanted still and could be started.
func (w *World) come(p ids.ProfileID, n int64) {
	s := w.elastic.of(p)
	s.coming--
	switch {
	case w.finished() || s.alive >= s.want+w.draining()[p]:
	case w.mishap(w.Never, name{isNeverStarted, n, 0, 0}):
		w.plan(w.now+time.Second, w.grant)
	default:
		w.start(p)
	}
}

// draining is how many executors drain, by profile: others are to come in their places before they go. Where the number of executors stays the
// core says that for each of them.
func (w *World) draining() map[ids.ProfileID]int {
	n := map[ids.ProfileID]int{}
	if w.Elastic == nil {
		return n
	}
	for _, e := range w.core.View().Executors {
		if e.State == "draining" {
			n[e.Profile]++
		}
	}
	return n
}

// load is what the scheduler shows to dynamic allocation.
func (w *World) load() *alloc.View {
	now := w.core.View()
	v := &alloc.View{Begun: w.begun()}
	for p := range max(1, w.Profiles) {
		v.Profiles = append(v.Profiles, alloc.Profile{ID: ids.ProfileID(p), Slots: w.MaxSlots})
	}
	for _, s := range now.Stages {
		if s.Waiting+s.Running > 0 {
			v.Stages = append(v.Stages, alloc.Stage{Profile: s.Profile, PerExecutor: max(1, w.MaxSlots/s.Slots), Waiting: s.Waiting, Copies: s.Slow, Running: s.Running, Together: s.Together})
		}
	}
	for _, e := range now.Executors {
		v.Executors = append(v.Executors, alloc.Executor{
			ID: e.ID, Profile: e.Profile, Leaving: e.State != "active", Running: e.Used, Idle: e.Idle,
			Cached: w.cached[e.ID], Outputs: e.Outputs > 0, Needed: e.Needed,
		})
	}
	return v
}

// begun says that some job was submitted.
func (w *World) begun() bool {
	for _, j := range w.jobs {
		if j != nil && j.submitted {
			return true
		}
	}
	return false
}
