package sim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/task"
)

// World is a simulation under way.
type World struct {
	Scenario
	agenda
	chance    *rand.Rand
	core      *sched.Core
	executors []*executor // by id; dead ones stay
	jobs      []*job
	shuffles  []*shuffle
	oracles   []oracle
	living    []ids.ExecutorID // as the core sees it
	lost      []ids.ExecutorID // in the Step that the oracles look at
	over      bool             // nothing more will be asked for
	armed     Time             // when Woke is planned; -1 when it is not
	err       error
	log       log
	steps     int
	actions   []sched.Action
}

// Report says what a simulation came to.
type Report struct {
	Took      Time   // virtual time
	Steps     int    // events that the core got
	Actions   int    // orders that it gave
	Completed int    // jobs
	Failed    int    // jobs
	Hash      uint64 // of all actions, in order
}

// log is the hash of all actions.
type log struct {
	hash  uint64
	count int
}

func (l *log) add(actions []sched.Action) {
	h := fnv.New64a()
	fmt.Fprint(h, l.hash)
	for _, a := range actions {
		fmt.Fprintf(h, "%T%+v", a, a)
	}
	l.hash = h.Sum64()
	l.count += len(actions)
}

// Run plays a scenario to its end. The error is the first thing that an oracle did not like.
func Run(s Scenario) (Report, error) {
	w := &World{Scenario: s, chance: rand.New(rand.NewPCG(s.Seed, 2)), core: sched.New(s.Sched), armed: -1}
	w.oracles = newOracles(w)
	w.plant()
	for w.err == nil && w.agenda.next() {
		if w.steps > w.Steps {
			w.err = fmt.Errorf("it does not end: %+v", w.core.View())
		}
	}
	for _, o := range w.oracles {
		if w.err == nil {
			w.err = o.rest()
		}
	}
	r := Report{Took: w.now, Steps: w.steps, Actions: w.log.count, Hash: w.log.hash}
	for _, j := range w.jobs {
		if j.ended && j.failed {
			r.Failed++
		} else if j.ended {
			r.Completed++
		}
	}
	return r, w.err
}

func (w *World) fail(err error) {
	if w.err == nil {
		w.err = fmt.Errorf("at %v: %w", w.now, err)
	}
}

// fault throws a dice as long as faults happen.
func (w *World) fault(chance float64) bool { return w.now < w.Faults && w.chance.Float64() < chance }

func (w *World) upTo(d time.Duration) time.Duration {
	return time.Duration(w.chance.Int64N(int64(d) + 1))
}

func (w *World) delay() time.Duration { return w.upTo(w.MaxDelay) }

func (w *World) executor(id ids.ExecutorID) *executor {
	if id < 0 || int(id) >= len(w.executors) {
		return nil
	}
	return w.executors[id]
}

// tell gives the core an event and does what it orders.
func (w *World) tell(ev sched.Event) {
	if w.err != nil {
		return
	}
	w.steps++
	w.actions = w.core.Step(w.now, ev, w.actions[:0])
	w.log.add(w.actions)
	if err := w.core.Check(); err != nil {
		w.fail(fmt.Errorf("after %T: %w", ev, err))
		return
	}
	w.findLost()
	for _, o := range w.oracles {
		if err := o.step(ev, w.actions); err != nil {
			w.fail(err)
			return
		}
	}
	for _, a := range w.actions {
		w.do(a)
	}
	w.arm()
}

// findLost finds the executors that the core has given up in this Step.
func (w *World) findLost() {
	var now []ids.ExecutorID
	for _, v := range w.core.View().Executors {
		now = append(now, v.ID)
	}
	w.lost = w.lost[:0]
	for _, id := range w.living {
		if !slices.Contains(now, id) {
			w.lost = append(w.lost, id)
		}
	}
	w.living = now
}

// arm plans the next Woke.
func (w *World) arm() {
	at, ok := w.core.Wake()
	if !ok || w.armed >= w.now && w.armed <= at {
		return
	}
	w.armed = at
	w.plan(at, func() {
		if w.armed == w.now {
			w.armed = -1
			w.tell(sched.Woke{})
		}
	})
}

func (w *World) do(a sched.Action) {
	switch a := a.(type) {
	case sched.ShipStage:
		e, st := w.executor(a.Executor), w.core.Stage(a.Stage)
		e.send(func() { e.stages[a.Stage] = st })
	case sched.Launch:
		e := w.executor(a.Executor)
		e.send(func() { e.launch(a.Task) })
	case sched.Kill:
		e := w.executor(a.Executor)
		e.send(func() { e.kill(a.Task) })
	case sched.ForgetStage:
		e := w.executor(a.Executor)
		e.send(func() { delete(e.stages, a.Stage) })
	case sched.AnswerCall:
		e := w.executor(a.Executor)
		e.send(func() { e.answer(a.Reply) })
	case sched.FetchResult:
		e := w.executor(a.Executor)
		w.plan(w.now+w.delay(), func() { w.tell(e.fetched(a.Task)) })
	case sched.DropResult:
		e := w.executor(a.Executor)
		e.send(func() { delete(e.results, a.Task) })
	case sched.DropShuffle:
		for _, e := range w.executors {
			e.send(func() {
				for m := range w.shuffles[a.Shuffle].spec.Partitions {
					delete(e.outputs, output{a.Shuffle, int32(m)})
				}
			})
		}
	case sched.RefuseExecutor: // its host is excluded: another one is tried after a while
		w.executor(a.Executor).dead = true
		w.plan(w.now+time.Second, w.start)
	case sched.DrainExecutor:
		w.plan(w.now+w.upTo(2*time.Second), w.start)
	case sched.KillExecutor:
		e := w.executor(a.Executor)
		w.plan(w.now+w.delay(), func() { w.lose(e, false) })
	case sched.CompleteJob:
		w.jobs[a.Job].ended = true
	case sched.FailJob:
		w.jobs[a.Job].ended, w.jobs[a.Job].failed = true, true
	}
}

// ended brings the end of a task to the core; some messages come twice, and those of the dead come all the same.
func (w *World) ended(e *executor, end task.End) {
	times := 1
	if w.fault(w.Twice) {
		times = 2
	}
	if e.mute {
		return
	}
	for range times {
		w.plan(w.now+w.delay(), func() { w.tell(sched.TaskEnded{Executor: e.id, End: end}) })
	}
}

// start lets a new executor register.
func (w *World) start() {
	if w.over {
		return
	}
	e := &executor{
		world: w, id: ids.ExecutorID(len(w.executors)), host: fmt.Sprintf("h%d", w.chance.IntN(w.Hosts)), slots: 1 + w.chance.IntN(w.MaxSlots), gpus: w.chance.IntN(3), profile: w.scarcest(),
		stages: map[ids.StageRef]*task.Stage{}, running: map[ids.TaskRef]*try{}, outputs: map[output]bool{}, results: map[ids.TaskID][]byte{},
	}
	w.executors = append(w.executors, e)
	ev := sched.ExecutorRegistered{ID: e.id, Host: e.host, Slots: e.slots, Profile: e.profile, Resources: []resource.Offer{{Name: "gpu"}}}
	for g := range e.gpus {
		ev.Resources[0].Addresses = append(ev.Resources[0].Addresses, fmt.Sprint(g))
	}
	if w.Racks {
		ev.Rack = "r" + e.host[len(e.host)-1:]
	}
	w.tell(ev)
	e.beat()
}

// scarcest gives the profile of which the fewest executors get tasks.
func (w *World) scarcest() (least ids.ProfileID) {
	counts := make([]int, max(1, w.Profiles))
	for _, v := range w.core.View().Executors {
		if v.State == "active" {
			counts[v.Profile]++
		}
	}
	for p, n := range counts {
		if n < counts[least] {
			least = ids.ProfileID(p)
		}
	}
	return least
}

// lose ends an executor. The driver hears of it later, and a new one comes later still.
func (w *World) lose(e *executor, crashed bool) {
	if e.dead {
		return
	}
	e.dead = true
	told := w.now + w.delay()
	w.plan(told, func() { w.tell(sched.ExecutorLost{ID: e.id, Reason: "gone", AppCaused: crashed}) })
	w.plan(told+w.upTo(2*time.Second), w.start)
}
