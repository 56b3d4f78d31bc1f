package sim

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/task"
)

// scheduler is what a simulation asks of the core.
type scheduler interface {
	Step(now Time, ev sched.Event, out []sched.Action) []sched.Action
	Wake() (at Time, ok bool)
	Stage(ref ids.StageRef) *task.Stage
	View() *sched.View
	Check() error
	Idle() error
}

// World is a simulation under way.
type World struct {
	Plan
	agenda
	core      scheduler
	executors []*executor // that have ever come, in that order
	byID      map[ids.ExecutorID]*executor
	nextID    ids.ExecutorID
	jobs      []*job     // by id; nil when the plan has none
	used      []bool     // shuffles that some job has asked for
	contents  []*content // of results
	oracles   []watch
	living    []ids.ExecutorID // as the core sees it
	view      *sched.View      // after the last Step
	lost      []ids.ExecutorID // in the Step that the oracles look at
	cached    map[ids.ExecutorID]bool
	gangs     map[ids.StageRef]bool // attempts of barrier stages that were launched
	over      bool                  // nothing more will be asked for
	armed     Time                  // when Woke is planned; -1 when it is not
	stopped   Time                  // until when the driver stands still
	backlog   []sched.Event         // what comes to it meanwhile
	clearing  bool                  // it catches up with that
	elastic   elastic
	err       error
	log       log
	steps     int
	actions   []sched.Action
	mishaps   []name // that happened
	tape      *Tape  // when somebody wants to know
}

// job is a job of the workload.
type job struct {
	*Submission
	spec          sched.Job // as it was submitted
	wanted        map[int32]bool
	submitted     bool
	ended, failed bool
}

// Report says what a simulation came to.
type Report struct {
	Took      Time // virtual time
	Steps     int  // events that the core got
	Actions   int  // orders that it gave
	Completed int  // jobs
	Failed    int  // jobs
	Copies    speculate.Stats
	Mishaps   int    // things that went wrong, besides accidents
	Hash      uint64 // of all actions, in order
}

// Add adds what another simulation came to. Hash stays as it is.
func (r *Report) Add(o Report) {
	r.Took += o.Took
	r.Steps += o.Steps
	r.Actions += o.Actions
	r.Completed += o.Completed
	r.Failed += o.Failed
	r.Mishaps += o.Mishaps
	r.Copies.Add(o.Copies)
}

// Failure is what an oracle did not like.
type Failure struct {
	Oracle string // its name; "check" is sched.Core.Check, "panic" is that the core broke
	At     Time
	Err    error
}

func (f *Failure) Error() string { return fmt.Sprintf("at %v, %s: %v", f.At, f.Oracle, f.Err) }

// Unwrap gives what was wrong.
func (f *Failure) Unwrap() error { return f.Err }

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

// Run plays a plan to its end. The error is a *Failure: the first thing that an oracle did not like.
func Run(p Plan) (Report, error) {
	w := newWorld(p, newCore(p.Sched))
	w.play()
	return w.report(), w.err
}

func newWorld(p Plan, core scheduler) *World {
	w := &World{Plan: p, core: core, armed: -1, byID: map[ids.ExecutorID]*executor{}, nextID: ids.ExecutorID(max(p.Executors, p.Profiles)), cached: map[ids.ExecutorID]bool{}, gangs: map[ids.StageRef]bool{}}
	w.used = make([]bool, len(p.Shuffles))
	w.oracles = newOracles(w)
	return w
}

func (w *World) play() {
	defer func() {
		if broken := recover(); broken != nil {
			w.fail("panic", fmt.Errorf("%v", broken))
		}
	}()
	w.plant()
	for w.err == nil && w.agenda.next() {
		if w.steps > w.Steps {
			w.fail("ends", fmt.Errorf("it does not end: %+v", w.core.View()))
		}
	}
	for _, o := range w.oracles {
		if w.err == nil {
			w.judge(o, o.rest())
		}
	}
}

func (w *World) report() Report {
	r := Report{Took: w.now, Steps: w.steps, Actions: w.log.count, Hash: w.log.hash, Mishaps: len(w.mishaps), Copies: w.core.View().Copies}
	for _, j := range w.jobs {
		switch {
		case j == nil || !j.ended:
		case j.failed:
			r.Failed++
		default:
			r.Completed++
		}
	}
	return r
}

func (w *World) fail(oracle string, err error) {
	if w.err == nil {
		w.err = &Failure{oracle, w.now, err}
	}
}

func (w *World) judge(o watch, err error) {
	if err != nil {
		w.fail(o.name, err)
	}
}

// plant plans everything that does not follow from something else.
func (w *World) plant() {
	for _, j := range w.Joins {
		of := w.elastic.of(j.Shape.profile)
		of.want, of.users, of.coming = of.want+1, of.users+1, of.coming+1
		w.plan(j.At, func() {
			w.elastic.of(j.Shape.profile).coming--
			w.register(j.ID, j.Shape)
		})
	}
	for i := range w.Jobs {
		j := &job{Submission: &w.Jobs[i], spec: w.job(&w.Jobs[i]), wanted: w.Jobs[i].wanted()}
		for int(j.spec.ID) >= len(w.jobs) {
			w.jobs = append(w.jobs, nil)
		}
		w.jobs[j.spec.ID] = j
		w.plan(j.At, func() { w.submit(j) })
	}
	for _, a := range w.Accidents {
		w.plan(a.At, func() { w.befall(a) })
	}
	if w.Elastic != nil {
		w.elastic.rules = alloc.New(*w.Elastic)
		w.plan(0, w.look)
	}
	w.plan(w.Faults, w.release)
}

// submit gives a job to the core.
func (w *World) submit(j *job) {
	j.submitted = true
	for i := range j.spec.Stages {
		if st := &j.spec.Stages[i]; st.IsMap {
			w.used[st.Shuffle] = true
		}
	}
	w.tell(sched.JobSubmitted{Job: j.spec})
}

// lastJob is how long after the faults the last job may take, which is long.
const lastJob = time.Hour

// release gives up each shuffle when no job uses it any more, and looks again later while some are left.
func (w *World) release() {
	left := false
	for _, j := range w.jobs {
		left = left || j != nil && !j.ended
	}
	if left && w.now > w.Faults+lastJob {
		w.fail("ends", fmt.Errorf("jobs do not end: %+v", w.core.View()))
		return
	}
	if left {
		w.plan(w.now+time.Second, w.release)
		return
	}
	w.over = true
	for s, used := range w.used {
		if used {
			w.tell(sched.ShuffleReleased{Shuffle: ids.ShuffleID(s)})
		}
	}
}

func (w *World) executor(id ids.ExecutorID) *executor { return w.byID[id] }

// tell gives the core an event and does what it orders, now or when the driver stands still no more.
func (w *World) tell(ev sched.Event) {
	if w.err != nil {
		return
	}
	if w.now < w.stopped || len(w.backlog) > 0 && !w.clearing {
		w.backlog = append(w.backlog, ev)
		return
	}
	w.steps++
	w.tape.event(w.now, ev)
	w.actions = w.core.Step(w.now, ev, w.actions[:0])
	w.log.add(w.actions)
	if err := w.core.Check(); err != nil {
		w.fail("check", fmt.Errorf("after %T: %w", ev, err))
		return
	}
	w.findLost()
	for _, o := range w.oracles {
		if err := o.step(ev, w.actions); err != nil {
			w.judge(o, err)
			return
		}
	}
	for _, a := range w.actions {
		w.do(a)
	}
	w.arm()
}

// note tells whoever listens what happens beside the events of the core.
func (w *World) note(format string, args ...any) {
	if w.tape != nil {
		w.tape.note(w.now, fmt.Sprintf(format, args...))
	}
}

// findLost finds the executors that the core has given up in this Step.
func (w *World) findLost() {
	var now []ids.ExecutorID
	w.view = w.core.View()
	for _, v := range w.view.Executors {
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
		e, st := w.executor(a.Executor), w.stage(a.Stage)
		e.send(func() { e.stages[a.Stage] = st })
	case *sched.Launch:
		e := w.executor(a.Executor)
		if rounds(w.stage(a.Task.Ref.StageRef)) >= 0 {
			w.gangs[a.Task.Ref.StageRef] = true
		}
		l := a.Task
		e.send(func() { e.launch(l) })
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
		w.plan(w.now+w.upTo(w.MaxDelay, name{upTime, int64(a.Task), -1, 0}), func() { w.tell(e.fetched(a.Task)) })
	case sched.DropResult:
		e := w.executor(a.Executor)
		e.send(func() { delete(e.results, a.Task) })
	case sched.DropShuffle:
		for _, e := range w.executors {
			e.send(func() { e.drop(a.Shuffle) })
		}
	case sched.DropRDD:
		w.uncache(a.RDD)
	case sched.RefuseExecutor: // its host is excluded: another one is tried after a while
		e := w.executor(a.Executor)
		w.end(e)
		w.plan(w.now+time.Second, w.grant)
	case sched.DrainExecutor:
		if a.Replace {
			w.wantMore(w.executor(a.Executor).profile, 1)
		}
	case sched.CopyBlock:
		e := w.executor(a.Executor)
		e.send(func() { e.copy(a.Copy) })
	case sched.KillExecutor:
		e := w.executor(a.Executor)
		if !a.Replace {
			w.wantMore(e.profile, -1)
		}
		w.plan(w.now+w.upTo(w.MaxDelay, name{downTime, int64(a.Executor), -1, 0}), func() { w.lose(e, false) })
	case sched.CompleteJob:
		w.jobs[a.Job].ended = true
	case sched.FailJob:
		w.jobs[a.Job].ended, w.jobs[a.Job].failed = true, true
	}
}

// drop deletes the map outputs of a shuffle.
func (e *executor) drop(s ids.ShuffleID) {
	for m := range e.world.Shuffles[s].Partitions {
		delete(e.outputs, output{s, int32(m)})
	}
}

// start lets a new executor of a profile come.
func (w *World) start(of ids.ProfileID) {
	if w.finished() {
		return
	}
	id := w.nextID
	w.nextID++
	w.register(id, w.shape(w.draw(name{shapeOf, int64(id), 0, 0}), of))
}

// register lets an executor register.
func (w *World) register(id ids.ExecutorID, s shape) {
	e := &executor{
		world: w, id: id, shape: s,
		stages: map[ids.StageRef]*task.Stage{}, running: map[ids.TaskRef]*try{}, outputs: map[output]stored{}, uncached: map[ids.RDDID]int{}, results: map[ids.TaskID][]byte{},
	}
	w.executors, w.byID[id] = append(w.executors, e), e
	w.elastic.of(s.profile).alive++
	ev := sched.ExecutorRegistered{ID: e.id, Host: e.host, Slots: e.slots, Rack: w.rackOf(e.host), Profile: e.profile, Resources: []resource.Offer{{Name: "gpu"}}}
	for g := range e.gpus {
		ev.Resources[0].Addresses = append(ev.Resources[0].Addresses, fmt.Sprint(g))
	}
	w.tell(ev)
	e.beat()
}

// lose ends an executor. The driver hears of it later, and a new one comes later still.
func (w *World) lose(e *executor, crashed bool) {
	if e.dead {
		return
	}
	w.end(e)
	told := w.now + w.upTo(w.MaxDelay, name{noticeTime, int64(e.id), 2, 0})
	w.plan(told, func() { w.tell(sched.ExecutorLost{ID: e.id, Reason: "gone", AppCaused: crashed}) })
	w.plan(told, w.grant)
}

// end ends an executor, and says nothing.
func (w *World) end(e *executor) {
	if !e.dead {
		e.dead = true
		w.elastic.of(e.profile).alive--
	}
}

// wantMore changes how many executors the manager was told are wanted, where that does not go with the load.
func (w *World) wantMore(of ids.ProfileID, n int) {
	if w.Elastic == nil {
		w.elastic.of(of).want += n
		w.grant()
	}
}

// isFailure gives what an oracle said of an error of Run.
func isFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return nil
}
