package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Why plays the log again and says what a task of a stage did and waited for, from when its job was submitted. Task attempts that ran
// at the same time have a spell each.
func (l *Log) Why(stage ids.StageID, partition int32) ([]Spell, error) {
	return l.telling().watch(stage, partition, false)
}

// watch is Why, which looks after each Step when it is told to.
func (l *Log) watch(stage ids.StageID, partition int32, always bool) ([]Spell, error) {
	w := &watcher{always: always, cfg: l.Config, stage: stage, partition: partition, writers: map[ids.ShuffleID]ids.StageID{}, met: map[ids.StageRef]bool{}}
	_, err := l.Play(w.step)
	w.end()
	switch {
	case err != nil:
		return w.spells, err
	case w.spec == nil:
		return nil, fmt.Errorf("no job of this log has stage %d", stage)
	case partition < 0 || int(partition) >= w.spec.Partitions:
		return nil, fmt.Errorf("stage %d has partitions from 0 to %d, and not %d", stage, w.spec.Partitions-1, partition)
	}
	return w.spells, nil
}

// watcher follows one task.
type watcher struct {
	cfg       sched.Config
	stage     ids.StageID
	partition int32
	spec      *sched.StageSpec              // once a job has the stage
	writers   map[ids.ShuffleID]ids.StageID // looked up, never ranged over
	users     []user                        // by stage: the first job that has it
	now       sched.Time
	always    bool                  // look, also when nothing can have changed
	began     bool                  // some task was launched
	met       map[ids.StageRef]bool // attempts of which tasks were launched; looked up, never ranged over
	done      bool                  // the task is
	lost      bool                  // and what it did may be gone
	holder    ids.ExecutorID        // where it was done
	excluded  []health.Fact         // that keep its stage away from somewhere, when the core tells
	slow      string                // why it deserves a copy, when it does
	failed    []ids.ExecutorID      // where it failed since it last succeeded
	running   []attempt
	wait      *Spell // open
	took      []slots
	tentative []Spell // of a task that is done: it waited for these only if it runs again
	spells    []Spell
}

// attempt is a task attempt that runs.
type attempt struct {
	ref      ids.TaskRef
	executor ids.ExecutorID
	since    sched.Time
	copy     string // why it was launched while another one ran; empty when none did
}

// user is a job that has a stage.
type user struct {
	known bool
	job   ids.JobID
	pool  string
}

// slots is how many slots went to a stage during a wait.
type slots struct {
	stage ids.StageID
	n     int
}

func (w *watcher) step(at Step) bool {
	w.now = at.Record.Now
	if ev, ok := at.Record.Event.(sched.JobSubmitted); ok {
		w.submitted(&ev.Job, at.Core.View())
	}
	if w.spec == nil || w.partition < 0 || int(w.partition) >= w.spec.Partitions {
		return true
	}
	if ev, ok := at.Record.Event.(sched.TaskEnded); ok {
		w.ended(&ev)
	}
	w.loses(at.Record.Event)
	quiet := w.quiet(at)
	for _, a := range at.Actions {
		switch a := a.(type) {
		case *sched.Launch:
			w.launched(a)
		case sched.Speculated:
			if w.ours(a.Ref) {
				w.slow = wordsOfSlow(a)
			}
		case sched.HealthChanged:
			w.healthChanged(a.Fact)
		}
	}
	if w.always || !quiet {
		w.look(at.Core.View())
	}
	return true
}

// healthChanged notes where the tasks of the stage may not go.
func (w *watcher) healthChanged(f health.Fact) {
	switch {
	case f.Included:
		w.excluded = slices.DeleteFunc(w.excluded, func(o health.Fact) bool {
			return !o.OfStage() && o.OfHost() == f.OfHost() && o.Host == f.Host && o.Executor == f.Executor
		})
	case !f.OfStage() || f.Stage.Stage == w.stage:
		w.excluded = append(w.excluded, f)
	}
}

// quiet says that the Step changes no rule, so that nobody needs to look: a view costs what is active, and nearly all Steps are tasks
// that end well and make room for others.
func (w *watcher) quiet(at Step) bool {
	switch ev := at.Record.Event.(type) {
	case sched.Heard, sched.Progressed, sched.ResultFetched, sched.BlocksChanged:
	case sched.TaskEnded:
		if ev.End.Reason.Fate != task.Success {
			return false
		}
	default:
		return false
	}
	launches, news := 0, false
	for _, a := range at.Actions {
		switch a := a.(type) {
		case *sched.Launch:
			launches++
			news = news || !w.met[a.Task.Ref.StageRef]
			w.met[a.Task.Ref.StageRef] = true
		case sched.ShipStage, *sched.DeliverResult, sched.MergeUpdates, sched.FetchResult, sched.DropResult, sched.TaskStarted, sched.TaskDone:
		default:
			news = true // a stage or a job ends, for one
		}
	}
	switch {
	case news:
		return false
	case w.wait == nil:
		return true
	}
	return w.wait.Rule == Parents || w.wait.Rule == Gathering || w.wait.Rule == NoSlot && launches > 0
}

// submitted learns which stages a job has. The core has them in the order of the job.
func (w *watcher) submitted(j *sched.Job, v *sched.View) {
	at := slices.IndexFunc(v.Jobs, func(o sched.JobView) bool { return o.ID == j.ID })
	if at < 0 || len(v.Jobs[at].Stages) != len(j.Stages) {
		return
	}
	for i, id := range v.Jobs[at].Stages {
		for int(id) >= len(w.users) {
			w.users = append(w.users, user{})
		}
		if !w.users[id].known {
			w.users[id] = user{true, j.ID, cmp.Or(j.Pool, pool.Default)}
		}
		if j.Stages[i].IsMap {
			w.writers[j.Stages[i].Shuffle] = id
		}
		if id == w.stage && w.spec == nil {
			w.spec = &j.Stages[i]
		}
	}
}

func (w *watcher) ours(ref ids.TaskRef) bool {
	return ref.Stage == w.stage && ref.Partition == w.partition
}

func (w *watcher) launched(l *sched.Launch) {
	w.began = true
	if w.ours(l.Task.Ref) {
		w.close()
		w.spells = append(w.spells, w.tentative...)
		w.tentative, w.done, w.lost = nil, false, false
		a := attempt{ref: l.Task.Ref, executor: l.Executor, since: w.now}
		if len(w.running) > 0 {
			a.copy = w.slow
		}
		w.running = append(w.running, a)
		return
	}
	if w.wait == nil {
		return
	}
	at := slices.IndexFunc(w.took, func(s slots) bool { return s.stage == l.Task.Ref.Stage })
	if at < 0 {
		at = len(w.took)
		w.took = append(w.took, slots{stage: l.Task.Ref.Stage})
	}
	w.took[at].n++
}

func (w *watcher) ended(ev *sched.TaskEnded) {
	at := slices.IndexFunc(w.running, func(a attempt) bool { return a.ref == ev.End.Ref && a.executor == ev.Executor })
	if at < 0 {
		return
	}
	w.ran(at, ev.End.Reason.Fate.String())
	switch ev.End.Reason.Fate {
	case task.Success:
		w.done, w.lost, w.holder, w.failed = true, false, ev.Executor, nil
	case task.Failed:
		if !slices.Contains(w.failed, ev.Executor) {
			w.failed = append(w.failed, ev.Executor)
		}
	}
}

// loses notes when what the task did may be gone with an event. Executors that are gone are seen by look.
func (w *watcher) loses(ev sched.Event) {
	switch ev := ev.(type) {
	case sched.OutputsLost:
		w.lost = w.lost || ev.Executor == w.holder
	case sched.TaskEnded:
		w.lost = w.lost || ev.End.Reason.Fate == task.FetchFailed && ev.End.Reason.Fetch.Executor == w.holder
	}
}

// ran ends the spell of an attempt.
func (w *watcher) ran(at int, how string) {
	a := w.running[at]
	w.running = slices.Delete(w.running, at, at+1)
	detail := fmt.Sprintf("%v on executor %v, %s", a.ref, a.executor, how)
	if a.copy != "" {
		detail += "; a copy, for of the other one: " + a.copy
	}
	w.spells = append(w.spells, Spell{a.since, w.now, Runs, detail})
}

// look sees what is so after a Step.
func (w *watcher) look(v *sched.View) {
	gone := func(executor ids.ExecutorID) bool {
		return !slices.ContainsFunc(v.Executors, func(e sched.ExecutorView) bool { return e.ID == executor })
	}
	for i := len(w.running) - 1; i >= 0; i-- {
		if gone(w.running[i].executor) {
			w.ran(i, "which was lost")
		}
	}
	if len(w.running) > 0 {
		return
	}
	w.lost = w.lost || w.done && gone(w.holder)
	rule, detail := Rule(0), ""
	if !w.done || w.lost {
		rule, detail = w.rule(v)
	}
	if w.wait != nil && w.wait.Rule == rule && w.wait.Detail == detail {
		return
	}
	w.close()
	if rule != 0 {
		w.wait = &Spell{From: w.now, Rule: rule, Detail: detail}
	}
}

// close ends the open wait. One that took no time is not told.
func (w *watcher) close() {
	s := w.wait
	if s == nil {
		return
	}
	w.wait = nil
	if s.Rule == NoSlot {
		s.Rule, s.Detail = w.turns()
	}
	w.took = w.took[:0]
	if s.To = w.now; s.To == s.From {
		return
	}
	if w.done {
		w.tentative = append(w.tentative, *s)
		return
	}
	w.spells = append(w.spells, *s)
}

// turns tells who got the slots that came free.
func (w *watcher) turns() (rule Rule, detail string) {
	rule = NoSlot
	var words []string
	for _, s := range w.took {
		if s.stage == w.stage {
			words = append(words, fmt.Sprintf("%d went to other tasks of its stage", s.n))
			continue
		}
		rule = PoolOrder
		of := fmt.Sprintf("%d went to stage %d of job %d", s.n, s.stage, w.users[s.stage].job)
		if w.cfg.Pools.Policy == pool.Fair {
			of += " in pool " + w.users[s.stage].pool
		}
		words = append(words, of)
	}
	if len(words) == 0 {
		return rule, "none came free"
	}
	return rule, "of the slots that came free " + strings.Join(words, ", ")
}

// end closes what is open at the end of the log. The task of a run that was cut off is told to run still.
func (w *watcher) end() {
	w.close()
	for len(w.running) > 0 {
		w.ran(0, "still there at the end of the log")
	}
	slices.SortStableFunc(w.spells, func(a, b Spell) int { return cmp.Compare(a.From, b.From) })
}
