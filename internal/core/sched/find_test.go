package sched

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
)

// named is a task attempt as answers name it.
type named struct {
	ref ids.TaskRef
	id  ids.TaskID
}

func TestAttemptsAreFoundAsInAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := attempts{runs: map[ids.StageRef]*run{}, fetching: map[ids.TaskID]*attempt{}}
		runs := make([]*run, 3)
		for i := range runs {
			partitions := []int32{1, 4, 5}
			runs[i] = &run{ref: ids.StageRef{Stage: ids.StageID(i / 2), Attempt: ids.StageAttempt(i % 2)}, set: taskset.New(3, partitions, nil), heads: make([]*attempt, 3)}
		}
		there := map[named]*attempt{}
		var list []named // all that ever were
		var next ids.TaskID
		some := func(t *rapid.T) *attempt {
			if len(list) == 0 {
				t.Skip("nothing was there")
			}
			a := there[rapid.SampledFrom(list).Draw(t, "which")]
			if a == nil {
				t.Skip("it is gone")
			}
			return a
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				r, i := rapid.SampledFrom(runs).Draw(t, "run"), rapid.Int32Range(0, 2).Draw(t, "task")
				table.open(r)
				next++
				a := &attempt{id: next, run: r, index: i, ref: ids.TaskRef{StageRef: r.ref, Partition: r.set.Partition(i), Try: ids.TaskAttempt(next)}}
				r.set.Take(taskset.Spot{}, taskset.Any, func(j int32) bool { return j == i }) // unless it runs
				table.put(a)
				n := named{a.ref, a.id}
				there[n], list = a, append(list, n)
			},
			"fetch": func(t *rapid.T) { table.fetch(some(t), &fetching{}) },
			"remove": func(t *rapid.T) {
				a := some(t)
				if table.remove(a); a.run.heads[a.index] == nil {
					a.run.set.Leave(a.index)
				}
				delete(there, named{a.ref, a.id})
			},
			"forget": func(t *rapid.T) {
				r := rapid.SampledFrom(runs).Draw(t, "run")
				for _, head := range r.heads {
					if head != nil {
						t.Skip("it has attempts")
					}
				}
				table.run(r.ref)
				if table.forget(r); table.run(r.ref) != nil {
					t.Fatalf("%v is forgotten, and there", r.ref)
				}
			},
			"get another": func(t *rapid.T) {
				n := named{id: ids.TaskID(rapid.Int64Range(-1, int64(next)+1).Draw(t, "id"))}
				n.ref.Stage, n.ref.Attempt = ids.StageID(rapid.IntRange(-1, 2).Draw(t, "stage")), ids.StageAttempt(rapid.IntRange(-1, 2).Draw(t, "attempt"))
				n.ref.Partition, n.ref.Try = rapid.Int32Range(-1, 6).Draw(t, "partition"), ids.TaskAttempt(n.id)
				if got := table.get(n.ref, n.id); got != there[n] {
					t.Fatalf("%v, id %d: %v, want %v", n.ref, n.id, got, there[n])
				}
			},
			"": func(t *rapid.T) {
				if table.len() != len(there) {
					t.Fatalf("%d attempts, want %d", table.len(), len(there))
				}
				for _, n := range list {
					a := there[n]
					if got := table.get(n.ref, n.id); got != a {
						t.Fatalf("%v, id %d: %v, want %v", n.ref, n.id, got, a)
					}
					if isFetched := table.fetched(n.id) != nil; isFetched != (a != nil && a.fetching != nil) {
						t.Fatalf("%v, id %d: its result is on its way: %v", n.ref, n.id, isFetched)
					}
				}
			},
		})
	})
}
