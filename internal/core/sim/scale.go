package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/speculate"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Scale is a large application on a large cluster: what the scheduler costs, and how near it comes to what is possible. It is played
// without oracles, which look at everything after each Step; that is what [Run] is for.
//
// Every job is a map stage and a stage that reads it, of a hundredth of its tasks. All jobs are submitted at the start.
type Scale struct {
	Seed      uint64
	Sched     sched.Config
	Executors int // that there are; one that is lost is replaced
	Slots     int // of each
	Hosts     int
	Jobs      int
	Tasks     int           // of all jobs
	Task      time.Duration // what a task takes: between half of it and one and a half
	Delay     time.Duration // of every message
	Fail      float64       // the part of task attempts that fail
	Slow      float64       // the part of executors that take longer
	Slowness  int           // how many times as long these take; 0 means 4
	Placed    float64       // the part of map tasks that prefer a host, any of three
	ScaleFaults

	// Elastic lets executors come and go with the load, none at the start and at most Executors; nil lets all be there.
	Elastic *alloc.Config
}

// ScaleReport says what came of it.
type ScaleReport struct {
	Makespan Time // until the last job ended
	Bound    Time // nobody could end them before
	Steps    int
	Launches int
	Failures int // task attempts that failed, were lost, or could not read their input
	Hash     uint64
	Cost     Spread // of Steps
	Wait     Spread // of tasks, from when they could run until they have a slot
	Run      Spread // of task attempts that succeeded, on their slots
	Busy     Busy
	There    Busy            // slots, busy or not
	Levels   [3]int          // launches on a host that the task prefers, elsewhere, and of tasks that prefer none
	Jobs     int             // that were completed
	Failed   int             // jobs that failed
	Moved    int             // map outputs that were copied from executors that drain
	Copies   speculate.Stats // of slow tasks
}

// usualSlowness is how many times as long slow executors take.
const usualSlowness = 4

// scaleWorld is a Scale under way.
type scaleWorld struct {
	Scale
	clock     func() time.Duration
	core      *sched.Core
	chance    *rand.Rand
	now       Time
	events    happenings
	executors []scaleExecutor
	jobs      []scaleJob
	jobOf     []int32         // by StageID; a map stage has an even number
	armed     Time            // when Woke comes; -1 when it does not
	running   int             // task attempts
	alive     int             // executors
	coming    int             // those that the cluster manager is starting
	want      int             // what it was told
	elastic   alloc.Allocator // while Elastic is set
	waiting   waiting
	why       error // the first job failed
	actions   []sched.Action
	ended     sched.TaskEnded // filled again and again
	report    ScaleReport
}

// RunScale plays a Scale. Clock measures what Steps cost; it is not the simulation's time.
func RunScale(s Scale, clock func() time.Duration) (ScaleReport, error) {
	w := &scaleWorld{Scale: s, clock: clock, core: sched.New(s.Sched), chance: rand.New(rand.NewPCG(s.Seed, 3)), armed: -1}
	w.waiting = waiting{attempts: map[ids.StageRef]Time{}, tasks: map[partition]Time{}}
	w.begin()
	w.submit()
	w.plant()
	for len(w.events.heap) > 0 && w.report.Jobs+w.report.Failed < s.Jobs && w.now < despair(w.report.Bound) {
		w.happen(w.events.pop())
	}
	w.report.Makespan, w.report.Copies = w.now, w.core.View().Copies
	if w.report.Failed > 0 {
		return w.report, fmt.Errorf("%d of %d jobs failed, the first one so: %w", w.report.Failed, s.Jobs, w.why)
	}
	if w.report.Jobs < s.Jobs && len(w.events.heap) > 0 {
		return w.report, fmt.Errorf("%d of %d jobs were completed in %v, where %v are the least they need: it was given up", w.report.Jobs, s.Jobs, w.now.Round(time.Second), w.report.Bound.Round(time.Second))
	}
	if w.report.Jobs < s.Jobs {
		return w.report, fmt.Errorf("%d of %d jobs were completed, and it does not go on", w.report.Jobs, s.Jobs)
	}
	return w.report, w.core.Check()
}

// begin lets the first executors come.
func (w *scaleWorld) begin() {
	w.want = w.Executors
	switch {
	case w.Elastic != nil:
		w.want = 0
		w.elastic = alloc.New(*w.Elastic)
		w.plan(happening{at: lookPeriod, kind: looks})
	case w.SlowJoin > 0:
		for ; w.coming < w.want; w.coming++ {
			w.plan(happening{at: w.upTo(w.SlowJoin + 1), kind: executorComes})
		}
	default:
		for w.alive < w.want {
			w.register()
		}
	}
}

// despair is how long jobs may take before nobody believes any more that they end.
func despair(bound Time) Time { return 100*bound + time.Hour }

func (w *scaleWorld) upTo(d time.Duration) time.Duration {
	return time.Duration(w.chance.Int64N(int64(d)))
}

func (w *scaleWorld) plan(h happening) {
	h.at = max(h.at, w.now)
	w.events.push(h)
}

// happen does what was planned.
func (w *scaleWorld) happen(h happening) {
	w.now = h.at
	w.report.Busy.until(w.now, w.running)
	w.report.There.until(w.now, w.alive*w.Slots)
	switch h.kind {
	case launchArrives, killArrives, endArrives, copyArrives, copyEnds:
		if !w.held(h) {
			w.come(h)
		}
	case taskEnds:
		w.end(h)
	case executorDies, executorDrains, diskForgets, networkParts:
		w.befall(h)
	case beats:
		w.beat(h.executor)
	case lossIsKnown:
		w.tell(sched.ExecutorLost{ID: h.executor, Reason: "its machine failed"})
	case executorComes:
		w.join()
	case looks:
		w.look()
	case wakes:
		if w.armed == h.at {
			w.armed = -1
			w.tell(sched.Woke{})
		}
	}
}

// come lets a message come to an executor, or from it.
func (w *scaleWorld) come(h happening) {
	switch h.kind {
	case launchArrives:
		w.arrive(h)
	case killArrives:
		w.kill(h)
	case endArrives:
		w.tellEnd(h)
	case copyArrives:
		w.copy(h)
	case copyEnds:
		w.tellCopy(h)
	}
}

// tell gives the core an event, measures what that costs, and does what it orders.
func (w *scaleWorld) tell(ev sched.Event) {
	began := w.clock()
	w.actions = w.core.Step(w.now, ev, w.actions[:0])
	w.report.Cost.add(w.clock() - began)
	w.report.Steps++
	for _, a := range w.actions {
		w.do(a)
	}
	if at, ok := w.core.Wake(); ok && (w.armed < 0 || at < w.armed) {
		w.armed = max(at, w.now)
		w.plan(happening{at: w.armed, kind: wakes})
	}
}

func (w *scaleWorld) do(a sched.Action) {
	switch a := a.(type) {
	case sched.ShipStage:
		w.meet(a.Stage)
		w.began(a.Stage)
	case *sched.Launch:
		w.report.Launches++
		w.note(uint64(a.Executor), uint64(a.Task.ID))
		w.countLevel(a)
		w.send(happening{kind: launchArrives, executor: a.Executor, ref: a.Task.Ref, id: a.Task.ID})
	case sched.Kill:
		w.note(uint64(a.Executor), uint64(a.Task.Ref.Partition))
		w.send(happening{kind: killArrives, executor: a.Executor, ref: a.Task.Ref, recall: a.Task.Recall})
	case sched.CopyBlock:
		w.note(uint64(a.Executor), uint64(a.Copy.Block.B))
		w.order(a)
	case sched.KillExecutor:
		w.note(uint64(a.Executor))
		w.lose(a.Executor)
		w.grant()
	case sched.CompleteJob:
		w.note(uint64(a.Job), 0)
		w.report.Jobs++
	case sched.FailJob:
		w.note(uint64(a.Job), 1)
		w.report.Failed++
		w.why = cmp.Or(w.why, error(a.Why))
	}
}

// note adds to the hash of all decisions.
func (w *scaleWorld) note(what ...uint64) {
	for _, x := range what {
		w.report.Hash = (w.report.Hash ^ x) * 0x100000001b3
	}
}

// tellEnd brings the end of a task attempt to the core.
func (w *scaleWorld) tellEnd(h happening) {
	w.ended = sched.TaskEnded{Executor: h.executor, End: task.End{Ref: h.ref, ID: h.id, Reason: task.EndReason{Fate: h.fate}}}
	end := &w.ended.End
	j, isMap := w.jobOfStage(h.ref.Stage)
	switch h.fate {
	case task.Success:
		end.Metrics.Run = h.took
		end.Metrics.RowsIn = int64(w.takes(int(h.ref.Stage), h.ref.Partition) / time.Millisecond)
		if isMap {
			end.Sizes = j.sizes
			w.written(j, h)
		}
	case task.Failed:
		end.Reason.Error = &task.Error{Text: "the function failed"}
	case task.FetchFailed:
		end.Reason.Fetch = task.Fetch{Shuffle: j.shuffle, Map: -1, Executor: h.from}
		end.Reason.Error = &task.Error{Text: "the executor does not answer"}
	}
	w.tell(&w.ended)
}

// countLevel counts how near to its data a task runs.
func (w *scaleWorld) countLevel(a *sched.Launch) {
	j, isMap := w.jobOfStage(a.Task.Ref.Stage)
	if !isMap || j.prefer == nil || j.prefer[a.Task.Ref.Partition] == nil {
		w.report.Levels[2]++
		return
	}
	for _, p := range j.prefer[a.Task.Ref.Partition] {
		if p.Host == w.executors[a.Executor].host {
			w.report.Levels[0]++
			return
		}
	}
	w.report.Levels[1]++
}

// jobOfStage gives the job of a stage, and whether the stage is its map stage.
func (w *scaleWorld) jobOfStage(id ids.StageID) (*scaleJob, bool) {
	at := w.jobOf[id]
	return &w.jobs[at/2], at%2 == 0
}
