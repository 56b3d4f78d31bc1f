package taskset

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// dumb is a set that looks at every task each time.
type dumb struct {
	places [][]Place
	copies []int
	tries  []int
	done   []bool
	fails  []int
	losses []int
	closed bool
}

func (d *dumb) waits(i int) bool { return !d.closed && !d.done[i] && d.copies[i] == 0 }

// level says how near a task would be.
func (d *dumb) level(i int, executor ids.ExecutorID, host string) Level {
	if len(d.places[i]) == 0 {
		return NoPreference
	}
	level := Any
	for _, p := range d.places[i] {
		if p.OnExecutor && p.Executor == executor {
			return Process
		}
		if p.Host == host {
			level = Node
		} else if p.Rack == racks[host] && p.Rack != "" {
			level = min(level, Rack)
		}
	}
	return level
}

// racks are those of some hosts.
var racks = map[string]string{"a": "r", "b": "r"}

func spot(executor ids.ExecutorID, host string) Spot { return Spot{executor, host, racks[host]} }

// nearest gives the level of the nearest task that waits and is not farther than most, or prefers no place.
func (d *dumb) nearest(executor ids.ExecutorID, host string, most Level, allowed func(int32) bool) (Level, bool) {
	nearest, any := Any, false
	for i := range d.done {
		if !d.waits(i) || allowed != nil && !allowed(int32(i)) {
			continue
		}
		if level := d.level(i, executor, host); level <= most || level == NoPreference {
			nearest, any = min(nearest, level), true
		}
	}
	return nearest, any
}

var hosts = []string{"a", "b", "c"}

func drawPlaces(t *rapid.T, n int) [][]Place {
	place := rapid.Custom(func(t *rapid.T) Place {
		p := Place{Host: rapid.SampledFrom(append(hosts, "")).Draw(t, "host")}
		p.Rack = rapid.SampledFrom([]string{"", "r", racks[p.Host]}).Draw(t, "rack")
		if p.OnExecutor = p.Host == "" || rapid.Bool().Draw(t, "on executor"); p.OnExecutor {
			p.Executor = ids.ExecutorID(rapid.IntRange(0, 3).Draw(t, "executor"))
		}
		return p
	})
	return rapid.SliceOfN(rapid.SliceOfN(place, 0, 3), n, n).Draw(t, "places")
}

func TestSetDoesAsADumbOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 8).Draw(t, "tasks")
		d := &dumb{
			places: drawPlaces(t, n), copies: make([]int, n), tries: make([]int, n), done: make([]bool, n), fails: make([]int, n), losses: make([]int, n),
		}
		var places func(int32) []Place
		if rapid.Bool().Draw(t, "prefer") {
			places = func(p int32) []Place { return d.places[p/2] }
		} else {
			d.places = make([][]Place, n)
		}
		partitions := make([]int32, n)
		for i := range partitions {
			partitions[i] = int32(2 * i)
		}
		s := New(n, partitions, places)
		some := func(t *rapid.T, ok func(int) bool) int32 {
			var fit []int32
			for i := range n {
				if ok(i) {
					fit = append(fit, int32(i))
				}
			}
			if len(fit) == 0 {
				t.Skip("no such task")
			}
			return rapid.SampledFrom(fit).Draw(t, "task")
		}
		t.Repeat(d.actions(s, some))
	})
}

func (d *dumb) actions(s *Set, some func(*rapid.T, func(int) bool) int32) map[string]func(*rapid.T) {
	started := func(t *rapid.T, i int32, try ids.TaskAttempt, level, want Level) {
		if !d.waits(int(i)) || int(try) != d.tries[i] || level != want {
			t.Fatalf("task %d starts as try %d at %v, want %v; it waits: %v", i, try, level, want, d.waits(int(i)))
		}
		d.copies[i]++
		d.tries[i]++
	}
	actions := d.ends(s, some)
	maps.Copy(actions, map[string]func(*rapid.T){
		"take": func(t *rapid.T) {
			e, h := ids.ExecutorID(rapid.IntRange(0, 3).Draw(t, "executor")), rapid.SampledFrom(hosts).Draw(t, "host")
			most := Level(rapid.IntRange(int(Process), int(Any)).Draw(t, "max"))
			var allowed func(int32) bool
			if forbidden := rapid.SliceOfN(rapid.Int32Range(0, 7), 0, 5).Draw(t, "forbidden"); len(forbidden) > 0 {
				allowed = func(i int32) bool { return !slices.Contains(forbidden, i) }
			}
			want, waits := d.nearest(e, h, most, allowed)
			i, try, level, ok := s.Take(spot(e, h), most, allowed)
			if ok != waits {
				t.Fatalf("gives a task: %v; the nearest is at %v: %v", ok, want, waits)
			}
			if ok {
				started(t, i, try, level, want)
				if allowed != nil && !allowed(i) {
					t.Fatalf("task %d is given and forbidden", i)
				}
			}
		},
		"copy": func(t *rapid.T) {
			i := some(t, func(int) bool { return true })
			runs := !d.closed && !d.done[i] && d.copies[i] > 0
			try, level, ok := s.Copy(i, spot(1, "b"))
			if ok != runs || ok && (int(try) != d.tries[i] || level != d.level(int(i), 1, "b")) {
				t.Fatalf("a copy of task %d as try %d at %v: %v, want %v", i, try, level, ok, runs)
			}
			if ok {
				d.copies[i]++
				d.tries[i]++
			}
		},
		"": func(t *rapid.T) { d.compare(t, s) },
	})
	return actions
}

// ends is what becomes of tasks.
func (d *dumb) ends(s *Set, some func(*rapid.T, func(int) bool) int32) map[string]func(*rapid.T) {
	all := func(int) bool { return true }
	return map[string]func(*rapid.T){
		"leave": func(t *rapid.T) {
			i := some(t, func(i int) bool { return d.copies[i] > 0 })
			s.Leave(i)
			d.copies[i]--
		},
		"succeed": func(t *rapid.T) {
			i := some(t, all)
			s.Succeed(i)
			if !d.done[i] {
				d.done[i], d.fails[i], d.losses[i] = true, 0, 0
			}
		},
		"reopen": func(t *rapid.T) {
			i := some(t, all)
			s.Reopen(i)
			d.done[i] = false
		},
		"fail": func(t *rapid.T) {
			i := some(t, all)
			d.fails[i]++
			got, first := s.Fail(i, Cause{Executor: ids.ExecutorID(d.fails[i]), Fate: task.Failed})
			if got != d.fails[i] || first.Executor != 1 {
				t.Fatalf("failure %d of task %d, want %d; the first was number %d", got, i, d.fails[i], first.Executor)
			}
		},
		"lose": func(t *rapid.T) {
			i := some(t, all)
			d.losses[i]++
			if got := s.Lose(i); got != d.losses[i] {
				t.Fatalf("loss %d of task %d, want %d", got, i, d.losses[i])
			}
		},
		"close": func(t *rapid.T) {
			if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
				s.Close()
				d.closed = true
			}
		},
	}
}

func (d *dumb) compare(t *rapid.T, s *Set) {
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	waiting, running, done := 0, 0, 0
	for i := range d.done {
		running += d.copies[i]
		if d.waits(i) {
			waiting++
		}
		if d.done[i] {
			done++
		}
		if at, ok := s.Index(int32(2 * i)); !ok || int(at) != i || s.IsDone(at) != d.done[i] || s.Tries(at) != d.tries[i] {
			t.Fatalf("partition %d is task %d (%v), done %v, tried %d times", 2*i, at, ok, s.IsDone(at), s.Tries(at))
		}
	}
	if _, ok := s.Index(1); ok {
		t.Fatal("partition 1 has a task")
	}
	if s.Waiting() != waiting || s.Running() != running || s.Done() != done || s.Closed() != d.closed {
		t.Fatalf("%d wait, %d run, %d are done; want %d, %d, %d", s.Waiting(), s.Running(), s.Done(), waiting, running, done)
	}
}

func TestTasksAreTakenInOrderAndThoseThatComeBackFirst(t *testing.T) {
	s := New(4, nil, nil)
	var order []int32
	take := func() {
		i, _, _, _ := s.Take(spot(0, "a"), Any, nil)
		order = append(order, i)
	}
	take()
	take()
	s.Leave(0)
	for range 3 {
		take()
	}
	if want := []int32{0, 1, 0, 2, 3}; !slices.Equal(order, want) {
		t.Errorf("%v, want %v", order, want)
	}
}
