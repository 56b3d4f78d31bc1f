package sim

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// executor is a virtual executor: it does what it is told, and knows nothing else.
type executor struct {
	world   *World
	id      ids.ExecutorID
	host    string
	gpus    int
	profile ids.ProfileID
	slots   int
	dead    bool
	mute    bool // alive, and no message comes from it or to it
	stages  map[ids.StageRef]*task.Stage
	running map[ids.TaskRef]*try
	queue   []*try // beyond the slots, in order of arrival
	outputs map[output]bool
	results map[ids.TaskID][]byte
	down    Time // when the last message to it arrives
}

// output names what one map task left.
type output struct {
	shuffle ids.ShuffleID
	part    int32
}

// try is a task attempt that runs.
type try struct {
	launch task.Launch
	stage  *task.Stage
	killed bool
	asked  bool // whether it may commit
}

// answer lets a task go on that asked whether it may commit. It may fail yet.
func (e *executor) answer(r task.Reply) {
	t := e.running[r.Ref]
	switch {
	case t == nil:
	case r.Refused != "":
		e.end(t, task.EndReason{Fate: task.CommitDenied})
	default:
		e.world.plan(e.world.now+e.world.upTo(e.world.MaxTask/5), func() { e.finish(t) })
	}
}

// send lets the executor get a message after those that were sent before.
func (e *executor) send(get func()) {
	e.down = max(e.down, e.world.now+e.world.delay())
	e.world.plan(e.down, func() {
		if !e.dead && !e.mute {
			get()
		}
	})
}

func (e *executor) launch(l task.Launch) {
	st := e.stages[l.Ref.StageRef]
	if st == nil {
		e.world.fail(fmt.Errorf("executor %v gets %v, and never got its stage", e.id, l.Ref))
		return
	}
	e.queue = append(e.queue, &try{launch: l, stage: st})
	e.startNext()
}

// startNext starts what waits first when a slot is free.
func (e *executor) startNext() {
	if e.dead || len(e.queue) == 0 || len(e.running) == e.slots {
		return
	}
	t := e.queue[0]
	e.queue = e.queue[1:]
	e.running[t.launch.Ref] = t
	read := e.world.upTo(e.world.MaxTask / 5)
	e.world.plan(e.world.now+read, func() { e.read(t) })
}

// kill stops a task attempt: one that waits at once, one that runs when it is done, and then only if it is not a recall.
func (e *executor) kill(k task.Kill) {
	if t := e.running[k.Ref]; t != nil {
		t.killed = t.killed || !k.Recall
		return
	}
	at := slices.IndexFunc(e.queue, func(t *try) bool { return t.launch.Ref == k.Ref })
	if at < 0 {
		return
	}
	end := task.End{Ref: k.Ref, ID: e.queue[at].launch.ID, Reason: task.EndReason{Fate: task.Killed}}
	e.queue = slices.Delete(e.queue, at, at+1)
	e.world.ended(e, end)
}

// read fetches the inputs of a task. What it does not find ends the task.
func (e *executor) read(t *try) {
	if e.dead || e.running[t.launch.Ref] != t {
		return
	}
	for _, in := range t.stage.Inputs {
		for m, out := range in.Outputs {
			if out.Sizes[int(t.launch.Ref.Partition)%in.Reduces] == 0 {
				continue
			}
			if from := e.world.executor(out.Executor); from != nil && !from.dead && !from.mute && from.outputs[output{in.Shuffle, int32(m)}] {
				continue
			}
			fetch := task.Fetch{Shuffle: in.Shuffle, Map: int32(m), Executor: out.Executor}
			if from := e.world.executor(out.Executor); from != nil && from.dead {
				fetch.Map = -1
			}
			e.end(t, task.EndReason{Fate: task.FetchFailed, Fetch: fetch, Error: &task.Error{Text: fmt.Sprintf("cannot read %v", fetch)}})
			return
		}
	}
	e.world.plan(e.world.now+e.world.upTo(e.world.MaxTask), func() { e.finish(t) })
}

// finish ends a task that could read its inputs.
func (e *executor) finish(t *try) {
	w := e.world
	switch {
	case e.dead || e.running[t.launch.Ref] != t:
	case t.killed && !w.fault(w.Deaf):
		e.end(t, task.EndReason{Fate: task.Killed})
	case w.fault(w.Crash):
		w.lose(e, true)
	case w.fault(w.Fail):
		e.end(t, task.EndReason{Fate: task.Failed, Error: &task.Error{Text: "the function failed", Final: w.fault(w.Final)}})
	case w.Commits && !t.stage.IsMap && !t.asked:
		t.asked = true
		w.plan(w.now+w.delay(), func() {
			if !e.mute {
				w.tell(sched.TaskCalled{Executor: e.id, Call: task.Call{Ref: t.launch.Ref, ID: t.launch.ID, Kind: task.Commit}})
			}
		})
	default:
		e.end(t, task.EndReason{Fate: task.Success})
	}
}

// end reports the end of a task.
func (e *executor) end(t *try, why task.EndReason) {
	delete(e.running, t.launch.Ref)
	e.startNext()
	ref := t.launch.Ref
	end := task.End{Ref: ref, ID: t.launch.ID, Reason: why}
	end.Metrics.Run = e.world.upTo(e.world.Told)
	if why.Fate == task.Success {
		end.Updates = []task.Update{{Value: fmt.Appendf(nil, "%d/%d", ref.Stage, ref.Partition)}}
		if t.stage.IsMap {
			e.outputs[output{t.stage.Shuffle, ref.Partition}] = true
			end.Sizes = make([]int64, t.stage.Reduces)
			for i := range end.Sizes {
				end.Sizes[i] = e.world.chance.Int64N(3)
			}
		} else {
			value := fmt.Appendf(nil, "job %d partition %d", t.stage.Job, ref.Partition)
			end.ResultSize = int64(len(value))
			if end.Stored = e.world.chance.Float64() < e.world.Store; end.Stored {
				e.results[end.ID] = value
			} else {
				end.Result = value
			}
		}
	}
	e.world.ended(e, end)
}

// fetched answers FetchResult.
func (e *executor) fetched(id ids.TaskID) sched.Event {
	value, ok := e.results[id]
	if !ok || e.dead || e.mute || e.world.fault(e.world.Forget) {
		return sched.ResultLost{Task: id, Reason: "the result is gone"}
	}
	return sched.ResultFetched{Task: id, Value: value}
}
