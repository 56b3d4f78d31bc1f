package driver_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/sched/health"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/driver"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// large is a shape that no test has by default.
var large = profile.Executor{Slots: 4, Memory: 4 << 30, Resources: []profile.Count{{Name: "gpu", Amount: 2}}}

// half is what tasks of the shape take: two of them at a time.
var half = []resource.Need{{Name: "gpu", Amount: resource.Unit}}

// runOn starts a job of one stage.
func (r *rig) runOn(s sched.StageSpec) <-chan error {
	s.Name, s.Body = "count", []byte{1}
	done := make(chan error, 1)
	go func() {
		done <- r.d.Run(r.t.Context(), sched.Job{Stages: []sched.StageSpec{s}}, func(int32, []byte) {})
	}()
	return done
}

func TestExecutorsOfAShapeAreAskedForWhenItsTasksWait(t *testing.T) {
	drive(t, elastic, func(r *rig) {
		r.d.Define(1, large)
		first := r.runOn(sched.StageSpec{Partitions: 3, Profile: 1, Resources: half})
		pass(3500 * time.Millisecond)
		r.wants(0, 2) // two tasks run on one
		if w := r.manager.want[1]; !reflect.DeepEqual(w.Shape, cluster.Shape{Slots: 4, Memory: 4 << 30, Resources: []cluster.Resource{{Name: "gpu", Amount: 2}}}) {
			t.Errorf("the shape is %+v", w.Shape)
		}
		second := r.runOn(sched.StageSpec{Partitions: 3})
		pass(3500 * time.Millisecond)
		r.wants(3, 2)
		e := r.connect(0, func(h *wire.Hello) {
			h.Profile, h.Slots, h.Resources = 1, 4, []task.Resource{{Name: "gpu", Addresses: []string{"0", "1"}}}
		})
		var got [][]task.Resource
		for range 3 {
			l := e.launch()
			got = append(got, l.Resources)
			e.send(&wire.Up{Ends: []task.End{ended(l, "")}})
		}
		if want := []task.Resource{{Name: "gpu", Addresses: []string{"0"}}}; !reflect.DeepEqual(got[0], want) {
			t.Errorf("a task has %v, want %v", got[0], want)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		pass(200 * time.Millisecond)
		r.wants(3, 0)
		pass(2 * time.Second)
		r.released(0) // more of the other shape are wanted than there are
		r.executor(1)
		plain := r.executor(2)
		for range 2 {
			plain.send(&wire.Up{Ends: []task.End{ended(plain.launch(), "")}})
		}
		pass(5 * time.Second)
		r.released(0, 2) // the other one is busy
		select {
		case err := <-second:
			t.Errorf("one task is not done, and the job is: %v", err)
		default:
		}
	})
}

func TestTheManagerHearsWhereTasksWouldLikeToRun(t *testing.T) {
	drive(t, elastic, func(r *rig) {
		at := func(host string) []sched.Place { return []sched.Place{{Host: host}} }
		r.runOn(sched.StageSpec{Partitions: 4, Prefer: [][]sched.Place{at("b"), append(at("a"), sched.Place{Host: "b"}), nil, {{Host: "b"}, {Host: "b"}}}})
		pass(1500 * time.Millisecond)
		r.wants(1)
		if w := r.manager.want[0]; w.Tasks != 3 || !reflect.DeepEqual(w.Places, []cluster.Place{{Host: "a", Tasks: 1}, {Host: "b", Tasks: 3}}) {
			t.Errorf("%d tasks prefer %v", w.Tasks, w.Places)
		}
	})
}

func TestAnExecutorOfAProfileThatNobodyAskedForIsRefused(t *testing.T) {
	drive(t, nil, func(r *rig) {
		p := r.connect(ids.ExecutorID(0), func(h *wire.Hello) { h.Profile = 1 })
		if w := p.welcome(); !strings.Contains(w.Refused, "it is of profile 1, for which this application asked no executors") {
			t.Errorf("welcome %+v", w)
		}
		if n := len(r.d.View().Executors); n != 0 {
			t.Errorf("%d executors are registered", n)
		}
	})
}

// excluding keeps a task away from an executor where it failed, also where executors come and go.
func excluding(elastic func(*driver.Config)) func(*driver.Config) {
	return func(c *driver.Config) {
		if elastic != nil {
			elastic(c)
		}
		c.Sched.Health = health.Config{TaskAndStage: true, TaskOnExecutor: 1, Timeout: time.Hour}
	}
}

func failing(l task.Launch) *wire.Up {
	end := ended(l, "")
	end.Reason = task.EndReason{Fate: task.Failed, Error: &task.Error{Text: "no"}}
	return &wire.Up{Ends: []task.End{end}}
}

func TestAnotherExecutorIsAskedForWhereAllAreExcludedAndBusy(t *testing.T) {
	wide := func(c *driver.Config) {
		elastic(c)
		c.Executor.Slots = 4
	}
	drive(t, excluding(wide), func(r *rig) {
		a := r.connect(0, func(h *wire.Hello) { h.Slots = 4 })
		busy := r.run(r.t.Context(), 1)
		first := a.launch()
		done := r.run(r.t.Context(), 1)
		a.send(failing(a.launch()))
		pass(1500 * time.Millisecond)
		r.released()
		r.wants(2) // one would do for so few tasks
		b := r.executor(1)
		b.send(&wire.Up{Ends: []task.End{ended(b.launch(), "b")}})
		if o := <-done; o.err != nil || o.values[0] != "b" {
			t.Errorf("got %+v", o)
		}
		a.send(&wire.Up{Ends: []task.End{ended(first, "a")}})
		if o := <-busy; o.err != nil {
			t.Error(o.err)
		}
	})
}

func TestAnIdleExecutorMakesRoomWhereAllAreExcluded(t *testing.T) {
	for name, c := range map[string]struct {
		config func(*driver.Config)
		wanted int
	}{"executors come and go": {elastic, 1}, "their number stays": {nil, 2}} {
		t.Run(name, func(t *testing.T) {
			drive(t, excluding(c.config), func(r *rig) {
				a := r.executor(0)
				done := r.run(r.t.Context(), 1)
				a.send(failing(a.launch()))
				pass(1500 * time.Millisecond)
				r.released(0)
				r.wants(c.wanted)
				b := r.executor(1)
				b.send(&wire.Up{Ends: []task.End{ended(b.launch(), "b")}})
				if o := <-done; o.err != nil || o.values[0] != "b" {
					t.Errorf("got %+v", o)
				}
			})
		})
	}
}
