package work

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// world is the shell as the core must see it: it follows orders and knows what it promised.
type world struct {
	core     *Core
	slots    int
	running  map[ids.TaskRef]bool
	launched map[ids.TaskRef]int // launches minus answers; refused duplicates do not count
	started  map[ids.TaskRef]bool
	stages   map[ids.StageRef]bool // what the shell holds
	forgot   map[ids.StageRef]bool
	exited   bool
}

func (w *world) step(t *rapid.T, ev Event) {
	for _, a := range w.core.Step(0, ev, nil) {
		if w.exited {
			t.Fatalf("%s after the exit", printAction(a))
		}
		w.obey(t, a)
	}
	if err := w.core.Check(); err != nil {
		t.Fatal(err)
	}
	if len(w.running) != w.core.Running() {
		t.Fatalf("the core counts %d running, the shell %d", w.core.Running(), len(w.running))
	}
}

func (w *world) obey(t *rapid.T, a Action) {
	switch a := a.(type) {
	case StartTask:
		ref := a.Launch.Ref
		if w.running[ref] || w.started[ref] || len(w.running) == w.slots || !w.stages[ref.StageRef] {
			t.Fatalf("%s: runs %v, ran %v, %d slots used, stage here %v", printAction(a), w.running[ref], w.started[ref], len(w.running), w.stages[ref.StageRef])
		}
		w.running[ref], w.started[ref] = true, true
	case CancelTask:
		if !w.running[a.Ref] {
			t.Fatalf("%s: does not run", printAction(a))
		}
	case AnswerKilled:
		w.answer(t, a.Launch.Ref)
	case RefuseTask:
		w.answer(t, a.Launch.Ref)
	case DropStage:
		for ref := range w.running {
			if ref.StageRef == a.Ref {
				t.Fatalf("%s while %v runs", printAction(a), ref)
			}
		}
		if !w.stages[a.Ref] || !w.forgot[a.Ref] {
			t.Fatalf("%s: not held or not forgotten", printAction(a))
		}
		delete(w.stages, a.Ref)
	case Exit:
		w.exited = true
		if len(w.running) > 0 {
			t.Fatalf("exit while %d run", len(w.running))
		}
	}
}

func (w *world) answer(t *rapid.T, ref ids.TaskRef) {
	if w.launched[ref]--; w.launched[ref] < 0 {
		t.Fatalf("%v is answered more often than launched", ref)
	}
}

func TestEveryLaunchIsAnsweredOnceAndSlotsAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 3).Draw(t, "slots")
		w := &world{
			core: New(Config{Slots: slots, Remember: rapid.IntRange(1, 4).Draw(t, "remember")}), slots: slots,
			running: map[ids.TaskRef]bool{}, launched: map[ids.TaskRef]int{}, started: map[ids.TaskRef]bool{},
			stages: map[ids.StageRef]bool{}, forgot: map[ids.StageRef]bool{},
		}
		stage := rapid.Custom(func(t *rapid.T) ids.StageRef {
			return ids.StageRef{Stage: ids.StageID(rapid.IntRange(0, 2).Draw(t, "stage"))}
		})
		known := rapid.Custom(func(t *rapid.T) ids.TaskRef {
			return ids.TaskRef{StageRef: stage.Draw(t, "in"), Partition: int32(rapid.IntRange(0, 40).Draw(t, "partition"))}
		})
		t.Repeat(map[string]func(*rapid.T){
			"stage": func(t *rapid.T) {
				ref := stage.Draw(t, "ref")
				w.forgot[ref], w.stages[ref] = false, true
				w.step(t, StageArrived{ref})
			},
			"forget": func(t *rapid.T) {
				ref := stage.Draw(t, "ref")
				w.forgot[ref] = true
				w.step(t, StageForgotten{ref})
			},
			"launch": func(t *rapid.T) {
				ref := known.Draw(t, "ref")
				if w.started[ref] && !w.running[ref] {
					t.Skip("an attempt is launched once")
				}
				w.launched[ref]++
				w.step(t, LaunchArrived{task.Launch{Ref: ref}})
			},
			"kill": func(t *rapid.T) { w.step(t, KillArrived{task.Kill{Ref: known.Draw(t, "ref")}}) },
			"finish": func(t *rapid.T) {
				ref := known.Draw(t, "ref")
				if w.running[ref] {
					delete(w.running, ref)
					w.answer(t, ref)
				}
				w.step(t, TaskFinished{ref})
			},
		})
		w.step(t, Stopped{})
		for !w.exited {
			for _, a := range w.core.running {
				ref := a.launch.Ref
				delete(w.running, ref)
				w.answer(t, ref)
				w.step(t, TaskFinished{ref})
				break
			}
		}
		for ref, n := range w.launched {
			if n != 0 {
				t.Fatalf("%v waits for %d answers", ref, n)
			}
		}
	})
}

func BenchmarkLaunchToFinish(b *testing.B) {
	c := New(Config{Slots: 4})
	stage := ids.StageRef{Stage: 1}
	out := c.Step(0, StageArrived{stage}, nil)
	b.ReportAllocs()
	var n int32
	for b.Loop() {
		out = c.Step(0, LaunchArrived{task.Launch{Ref: ids.TaskRef{StageRef: stage, Partition: n}}}, out[:0])
		if n >= 8 {
			out = c.Step(0, TaskFinished{ids.TaskRef{StageRef: stage, Partition: n - 8}}, out)
		}
		n++
	}
}
