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
	world *World
	id    ids.ExecutorID
	shape
	dead     bool
	mute     bool // alive, and no message comes from it or to it
	apart    Time // until when it cannot be reached
	paused   Time // until when it does nothing
	stages   map[ids.StageRef]*task.Stage
	running  map[ids.TaskRef]*try
	started  []ids.TaskRef // all that ever ran here
	queue    []*try        // beyond the slots, in order of arrival
	outputs  map[output]stored
	blocks   []block
	uncached map[ids.RDDID]int // how often an RDD was dropped
	results  map[ids.TaskID][]byte
	inbox    []func()
	sent     int  // messages to it
	down     Time // when the last one of these arrives
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
	asked  bool       // whether it may commit
	met    int        // how often it has called the others of its barrier stage
	waits  bool       // for them
	has    []*content // what it has read
	seeking
}

// named is a question to chance about a task attempt. Its stage goes by what it is for, since numbers of stages depend on others.
func (t *try) named(what what) name {
	of := int64(t.stage.Shuffle)
	if !t.stage.IsMap {
		of = -1 - int64(t.stage.Job)
	}
	return name{what, of, int64(t.launch.Ref.Partition), int64(t.launch.Ref.Attempt)<<16 | int64(t.launch.Ref.Try)}
}

// subject says in words whom a question to chance is about.
func (w *World) subject(n name) string {
	switch {
	case n.what == isNeverStarted:
		return fmt.Sprintf("executor %d", n.a)
	case n.what == isNotCopied && n.b < 0:
		return fmt.Sprintf("cached partition %d of RDD %d", n.c, -1-n.b)
	case n.what == isNotCopied:
		return fmt.Sprintf("map output %d of shuffle %d", n.c, n.b)
	case n.what == isForgotten:
		return fmt.Sprintf("the result of TID %d", n.a)
	case n.a < 0:
		return fmt.Sprintf("task %d.%d of job %d, attempt %d,", n.b, n.c&0xffff, -1-n.a, n.c>>16)
	}
	return fmt.Sprintf("task %d.%d of shuffle %d, attempt %d,", n.b, n.c&0xffff, n.a, n.c>>16)
}

// after does something of the executor's own after a while, and not while it stands still.
func (e *executor) after(d Time, do func()) {
	var act func()
	act = func() {
		switch {
		case e.dead:
		case e.world.now < e.paused:
			e.world.plan(e.paused, act)
		default:
			do()
		}
	}
	e.world.plan(e.world.now+d*Time(e.slow), act)
}

// answer lets a task go on that asked whether it may commit. It may fail yet.
func (e *executor) answer(r task.Reply) {
	t := e.running[r.Ref]
	switch {
	case t == nil:
	case t.asks:
		e.located(t, r)
	case t.waits:
		e.met(t, r)
	case !t.asked: // a call that came twice is answered once, but in vain when its stage is over
	case r.Refused != "":
		e.end(t, task.EndReason{Fate: task.CommitDenied})
	default:
		e.after(e.world.upTo(e.world.MaxTask/5, t.named(commitTime)), func() { e.finish(t) })
	}
}

func (e *executor) launch(l task.Launch) {
	st := e.stages[l.Ref.StageRef]
	if st == nil {
		e.world.fail("stages", fmt.Errorf("executor %v gets %v, and never got its stage", e.id, l.Ref))
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
	e.started = append(e.started, t.launch.Ref)
	e.lookFor(t)
}

// kill stops a task attempt: one that waits at once, one that runs when it is done, and then only if it is not a recall.
func (e *executor) kill(k task.Kill) {
	if t := e.running[k.Ref]; t != nil {
		if t.killed = t.killed || !k.Recall; t.killed && (t.waits || t.asks) {
			e.end(t, task.EndReason{Fate: task.Killed}) // its context wakes it
		}
		return
	}
	at := slices.IndexFunc(e.queue, func(t *try) bool { return t.launch.Ref == k.Ref })
	if at < 0 {
		return
	}
	t := e.queue[at]
	e.queue = slices.Delete(e.queue, at, at+1)
	e.sayEnd(t, task.End{Ref: k.Ref, ID: t.launch.ID, Reason: task.EndReason{Fate: task.Killed}})
}

// read fetches every other input of a task, and then the others: what it reads may change meanwhile. What it does not find ends the
// task.
func (e *executor) read(t *try, half int) {
	w := e.world
	if e.running[t.launch.Ref] != t {
		return
	}
	for at, in := range t.stage.Inputs {
		for m := half; m < len(in.Outputs); m += 2 {
			out := &in.Outputs[m]
			ways := t.readers(at, in.Reduces, out)
			if len(ways) == 0 {
				continue
			}
			c, last := w.find(in.Shuffle, m, out)
			if c != nil {
				t.give(ways, c)
				continue
			}
			fetch := task.Fetch{Shuffle: in.Shuffle, Map: int32(m), Executor: last}
			if from := w.executor(last); from != nil && !from.reachable() && !from.mute {
				fetch.Map = -1
			}
			e.end(t, task.EndReason{Fate: task.FetchFailed, Fetch: fetch, Error: &task.Error{Text: fmt.Sprintf("cannot read %v", fetch)}})
			return
		}
	}
	if half == 0 {
		e.after(w.upTo(w.MaxTask/5, t.named(moreTime)), func() { e.read(t, 1) })
		return
	}
	e.keep(t)
	takes := w.upTo(w.MaxTask, t.named(workTime))
	if w.mishap(w.Straggle, t.named(straggles)) {
		takes = 10 * (takes + w.MaxTask)
	}
	e.after(takes, func() { e.finish(t) })
}

// finish ends a task that could read its inputs.
func (e *executor) finish(t *try) {
	w := e.world
	switch {
	case e.running[t.launch.Ref] != t:
	case t.killed && !w.mishap(w.Deaf, t.named(isDeaf)):
		e.end(t, task.EndReason{Fate: task.Killed})
	case w.mishap(w.Crash, t.named(crashes)):
		w.lose(e, true)
	case w.mishap(w.Fail, t.named(fails)):
		final := w.mishap(w.Final, t.named(failsForGood))
		e.end(t, task.EndReason{Fate: task.Failed, Error: &task.Error{Text: "the function failed", Final: final}})
	case t.met < rounds(t.stage) && !w.mishap(w.Absent, t.named(isAbsent)):
		e.meet(t)
	case w.Commits && !t.stage.IsMap && !t.asked:
		t.asked = true
		e.say(t.named(commitTime), sched.TaskCalled{Executor: e.id, Call: task.Call{Ref: t.launch.Ref, ID: t.launch.ID, Seq: int32(t.met), Kind: task.Commit}})
	default:
		e.end(t, task.EndReason{Fate: task.Success})
	}
}

// end reports the end of a task.
func (e *executor) end(t *try, why task.EndReason) {
	w, ref := e.world, t.launch.Ref
	delete(e.running, ref)
	e.startNext()
	end := task.End{Ref: ref, ID: t.launch.ID, Reason: why}
	end.Metrics.Run = w.upTo(w.Told, t.named(toldTime))
	end.Metrics.RowsIn = int64(w.upTo(100, t.named(toldTime)))
	if why.Fate == task.Success {
		end.Updates = []task.Update{{Value: fmt.Appendf(nil, "%d/%d", ref.Stage, ref.Partition)}}
		if t.stage.IsMap {
			e.leave(t, &end)
		} else {
			value := fmt.Appendf(nil, "job %d partition %d made as %d", t.stage.Job, ref.Partition, len(w.contents))
			w.contents = append(w.contents, w.makeContent(t, output{-1, ref.Partition}))
			if rounds(t.stage) >= 0 {
				value = fmt.Appendf(value, " of attempt %d", ref.Attempt)
			}
			end.ResultSize = int64(len(value))
			if end.Stored = w.likely(w.Store, t.named(storedIs)); end.Stored {
				e.results[end.ID] = value
			} else {
				end.Result = value
			}
		}
	}
	e.sayEnd(t, end)
}

// leave leaves a map output, unless another attempt of the same generation was there first: then that one counts.
func (e *executor) leave(t *try, end *task.End) {
	o := output{t.stage.Shuffle, t.launch.Ref.Partition}
	kept, ok := e.outputs[o]
	if !ok || kept.generation < t.stage.Generation {
		kept = stored{e.world.makeContent(t, o), t.stage.Generation}
		e.outputs[o] = kept
	}
	end.Digest = e.world.told(kept.content)
	bytes := make([]int64, t.stage.Reduces)
	bits := kept.digest
	for i := range bytes {
		bits = scramble(bits)
		bytes[i] = int64(bits % 3)
	}
	end.Sizes = task.PackSizes(bytes)
}

// fetched answers FetchResult.
func (e *executor) fetched(id ids.TaskID) sched.Event {
	value, ok := e.results[id]
	if !ok || !e.reachable() || e.world.mishap(e.world.Forget, name{isForgotten, int64(id), 0, 0}) {
		return sched.ResultLost{Task: id, Reason: "the result is gone"}
	}
	return sched.ResultFetched{Task: id, Value: value}
}
