package sched

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/pool"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// dumbOffers is the rules of placement told one by one, without delays and exclusion: for each launch all jobs, all tasks and all free
// slots are looked at. What may be launched is launched; the job whose turn it is comes first; and a task gets a slot that is as near to
// its place as any that is free, and to which no other task of its job is nearer.
type dumbOffers struct {
	fair      bool
	executors []*dumbExecutor
	jobs      []*dumbJob // by id
}

type dumbExecutor struct {
	taskset.Spot
	free int
}

type dumbJob struct {
	pool    string
	prefer  [][]Place
	state   []rune // of each task: w(aiting), r(unning), d(one)
	running map[int32]Launch
}

// level says how near a task is to one of its places.
func (j *dumbJob) level(i int, at taskset.Spot) taskset.Level {
	if len(j.prefer[i]) == 0 {
		return taskset.NoPreference
	}
	best := taskset.Any
	for _, p := range j.prefer[i] {
		switch {
		case p.OnExecutor && p.Executor == at.Executor:
			best = min(best, taskset.Process)
		case p.Host != "" && p.Host == at.Host:
			best = min(best, taskset.Node)
		case p.Rack != "" && p.Rack == at.Rack:
			best = min(best, taskset.Rack)
		}
	}
	return best
}

// turn gives the job whose turn it is, or -1.
func (d *dumbOffers) turn() ids.JobID {
	runs := map[string]int{}
	for _, j := range d.jobs {
		runs[j.pool] += len(j.running)
	}
	first := -1
	for id, j := range d.jobs {
		if !slices.Contains(j.state, 'w') {
			continue
		}
		if first < 0 {
			first = id
			continue
		}
		if f := d.jobs[first]; d.fair && cmp.Or(cmp.Compare(runs[j.pool], runs[f.pool]), cmp.Compare(j.pool, f.pool)) < 0 {
			first = id
		}
	}
	return ids.JobID(first)
}

// free says that some slot is.
func (d *dumbOffers) free() bool {
	return slices.ContainsFunc(d.executors, func(e *dumbExecutor) bool { return e.free > 0 })
}

// nearest gives the best level of a task on any free slot, and of any task of the job that waits on a slot of one executor.
func (d *dumbOffers) nearest(j *dumbJob, task int, on *dumbExecutor) (forTask, there taskset.Level) {
	forTask, there = taskset.Any, taskset.Any
	for _, e := range d.executors {
		if e.free > 0 {
			forTask = min(forTask, j.level(task, e.Spot))
		}
	}
	for i, state := range j.state {
		if state == 'w' {
			there = min(there, j.level(i, on.Spot))
		}
	}
	return forTask, there
}

// follow compares what the core launched with what may be launched, one after the other.
func (d *dumbOffers) follow(t *rapid.T, c *Core, actions []Action) {
	launches := map[ids.TaskID]Launch{}
	for _, a := range actions {
		if l, ok := a.(*Launch); ok {
			launches[l.Task.ID] = *l
		}
	}
	for _, a := range actions {
		s, ok := a.(TaskStarted)
		if !ok {
			continue
		}
		turn, at := d.turn(), slices.IndexFunc(d.executors, func(e *dumbExecutor) bool { return e.Executor == s.Executor })
		j, of := d.jobs[turn], c.Stage(s.Ref.StageRef).Job
		level := j.level(int(s.Ref.Partition), d.executors[at].Spot)
		if of != turn || j.state[s.Ref.Partition] != 'w' || d.executors[at].free == 0 {
			t.Fatalf("%v of job %d is launched on executor %v with %d free slots, and it is the turn of job %d", s.Ref, of, s.Executor, d.executors[at].free, turn)
		}
		if forTask, there := d.nearest(j, int(s.Ref.Partition), d.executors[at]); s.Level != level || level != forTask || level != there {
			t.Fatalf("%v is launched on executor %v as %v; it is %v there, %v elsewhere, and another task could be %v there", s.Ref, s.Executor, s.Level, level, forTask, there)
		}
		d.executors[at].free--
		j.state[s.Ref.Partition] = 'r'
		j.running[s.Ref.Partition] = launches[s.ID]
	}
	if turn := d.turn(); turn >= 0 && d.free() {
		t.Fatalf("job %d waits, and a slot is free", turn)
	}
}

func drawPlace(t *rapid.T) Place {
	p := Place{Host: rapid.SampledFrom([]string{"h0", "h1", "h2", "h3"}).Draw(t, "host")}
	p.Rack = "r" + string(p.Host[1]/2)
	if p.OnExecutor = rapid.Bool().Draw(t, "on executor"); p.OnExecutor {
		p.Executor = ids.ExecutorID(rapid.IntRange(0, 5).Draw(t, "executor"))
	}
	return p
}

func (d *dumbOffers) comes(t *rapid.T, id ids.ExecutorID) Event {
	ev := ExecutorRegistered{ID: id, Host: drawPlace(t).Host, Slots: rapid.IntRange(1, 3).Draw(t, "slots")}
	ev.Rack = "r" + string(ev.Host[1]/2)
	d.executors = append(d.executors, &dumbExecutor{taskset.Spot{Executor: id, Host: ev.Host, Rack: ev.Rack}, ev.Slots})
	return ev
}

func (d *dumbOffers) submits(t *rapid.T) Event {
	j := &dumbJob{pool: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "pool"), running: map[int32]Launch{}}
	for range rapid.IntRange(1, 6).Draw(t, "tasks") {
		var places []Place
		for range rapid.IntRange(0, 2).Draw(t, "places") {
			places = append(places, drawPlace(t))
		}
		j.prefer, j.state = append(j.prefer, places), append(j.state, 'w')
	}
	spec := Job{ID: ids.JobID(len(d.jobs)), Pool: j.pool, Stages: []StageSpec{{Name: "result", Partitions: len(j.state), Prefer: j.prefer, Body: []byte{1}}}}
	d.jobs = append(d.jobs, j)
	return JobSubmitted{spec}
}

// ends ends one of the tasks that run, well or not.
func (d *dumbOffers) ends(t *rapid.T) Event {
	var running []Launch
	for _, j := range d.jobs {
		for i := range int32(len(j.state)) {
			if l, ok := j.running[i]; ok {
				running = append(running, l)
			}
		}
	}
	if len(running) == 0 {
		return Woke{}
	}
	l := rapid.SampledFrom(running).Draw(t, "which")
	end := task.End{Ref: l.Task.Ref, ID: l.Task.ID, Reason: task.EndReason{Fate: task.Success}, Result: []byte("x")}
	state := 'd'
	if rapid.Bool().Draw(t, "fails") {
		end.Reason, end.Result, state = task.EndReason{Fate: task.Failed, Error: &task.Error{Text: "no"}}, nil, 'w'
	}
	for _, j := range d.jobs {
		if run, ok := j.running[end.Ref.Partition]; ok && run.Task.ID == end.ID {
			j.state[end.Ref.Partition] = state
			delete(j.running, end.Ref.Partition)
		}
	}
	for _, e := range d.executors {
		if e.Executor == l.Executor {
			e.free++
		}
	}
	return TaskEnded{l.Executor, end}
}

func (d *dumbOffers) loses(t *rapid.T) Event {
	if len(d.executors) == 0 {
		return Woke{}
	}
	at := rapid.IntRange(0, len(d.executors)-1).Draw(t, "which")
	id := d.executors[at].Executor
	d.executors = slices.Delete(d.executors, at, at+1)
	for _, j := range d.jobs {
		for i := range int32(len(j.state)) {
			if l, ok := j.running[i]; ok && l.Executor == id {
				j.state[i] = 'w'
				delete(j.running, i)
			}
		}
	}
	return ExecutorLost{ID: id, Reason: "gone"}
}

func TestOffersDoAsDumbOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &dumbOffers{fair: rapid.Bool().Draw(t, "fair")}
		cfg := Config{Seed: rapid.Uint64().Draw(t, "seed"), Publish: true, MaxFailures: 1000}
		if d.fair {
			cfg.Pools = pool.Config{Policy: pool.Fair, Pools: []pool.Definition{pool.Unweighted("a"), pool.Unweighted("b")}}
		}
		c := New(cfg)
		next := ids.ExecutorID(0)
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			var ev Event
			switch rapid.IntRange(0, 7).Draw(t, "event") {
			case 0, 1:
				ev = d.comes(t, next)
				next++
			case 2:
				ev = d.loses(t)
			case 3:
				ev = d.submits(t)
			default:
				ev = d.ends(t)
			}
			actions := c.Step(0, ev, nil)
			if err := c.Check(); err != nil {
				t.Fatal(fmt.Errorf("after %T: %w", ev, err))
			}
			d.follow(t, c, actions)
		}
	})
}
