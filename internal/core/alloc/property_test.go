package alloc

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// plain is dynamic allocation told rule by rule, with counting in place of arithmetic: what Compute must agree with.
type plain struct {
	cfg     Config
	begun   bool
	since   Time // when tasks began to wait, or when a target last grew
	waits   Time // how long after since a target grows next; 0 while nothing waits
	targets map[ids.ProfileID]int
	steps   map[ids.ProfileID]int
}

func newPlain(cfg Config) *plain {
	return &plain{cfg: cfg, targets: map[ids.ProfileID]int{}, steps: map[ids.ProfileID]int{}}
}

func (p *plain) compute(v *View, now Time) (leave []ids.ExecutorID) {
	for _, x := range v.Profiles {
		if p.steps[x.ID] == 0 {
			p.targets[x.ID], p.steps[x.ID] = p.cfg.Initial, 1
		}
	}
	for _, e := range v.Executors {
		p.begun = p.begun || p.mayGo(e, now)
	}
	p.begun = p.begun || v.Begun
	somebodyWaits := false
	for _, s := range v.Stages {
		somebodyWaits = somebodyWaits || s.Waiting > 0 || s.Copies > 0
	}
	switch {
	case !somebodyWaits:
		p.waits = 0
		for id := range p.steps {
			p.steps[id] = 1
		}
	case p.waits == 0:
		p.since, p.waits = now, p.cfg.Backlog
	}
	if p.begun {
		grew := false
		for _, x := range v.Profiles {
			grew = p.move(v, x, now) || grew
		}
		if grew {
			p.since, p.waits = now, p.cfg.Sustained
		}
	}
	for _, x := range v.Profiles {
		leave = append(leave, p.goes(v, x.ID, now)...)
	}
	return leave
}

// move changes one target, and says whether it grew.
func (p *plain) move(v *View, x Profile, now Time) bool {
	needed, target := p.needed(v, x), p.targets[x.ID]
	if needed < target {
		for target > needed && target > p.cfg.Min {
			target--
		}
		p.targets[x.ID], p.steps[x.ID] = target, 1
		return false
	}
	if p.waits == 0 || now-p.since < p.waits {
		return false
	}
	wanted := target
	if n := p.count(v, x.ID, true); n > wanted {
		wanted = n
	}
	wanted += p.steps[x.ID]
	for wanted > target && (wanted > needed || wanted > p.cfg.Max) {
		wanted--
	}
	if full := target + p.steps[x.ID]; wanted == full {
		p.steps[x.ID] += p.steps[x.ID]
	} else {
		p.steps[x.ID] = 1
	}
	p.targets[x.ID] = wanted
	return wanted > target
}

// needed hands out tasks to one executor after the other.
func (p *plain) needed(v *View, x Profile) int {
	const parts = 12 // of an executor, which up to four tasks share evenly
	share := func(load int) (n int) {
		for float64(n*parts) < float64(load)*p.cfg.Ratio-1e-9 {
			n++
		}
		return n
	}
	tasks, copies, stuck, atOnce := 0, false, 0, 0
	for _, s := range v.Stages {
		if s.Profile == x.ID {
			each := parts / cmp.Or(s.PerExecutor, x.Slots)
			tasks += (s.Waiting + s.Copies + s.Running) * each
			copies = copies || s.Copies > 0
			for s.Together && atOnce*parts < (s.Waiting+s.Running)*each {
				atOnce++
			}
			if s.Unschedulable {
				stuck += each
			}
		}
	}
	n := share(tasks)
	if n < atOnce {
		n = atOnce
	}
	if n == 1 && copies && x.Slots != 1 {
		n++
	}
	if stuck > 0 && p.count(v, x.ID, true)+share(stuck) > n {
		n = p.count(v, x.ID, true) + share(stuck)
	}
	return n
}

func (p *plain) count(v *View, id ids.ProfileID, leaving bool) (n int) {
	for _, e := range v.Executors {
		if e.Profile == id && (leaving || !e.Leaving) {
			n++
		}
	}
	return n
}

func (p *plain) mayGo(e Executor, now Time) bool {
	shuffles := p.cfg.TrackShuffles
	return !e.Leaving && e.Running == 0 && !(shuffles && e.Needed) &&
		now-e.Idle >= p.cfg.Idle && !(e.Cached && now-e.Idle < p.cfg.CachedIdle) && !(shuffles && e.Outputs && now-e.Idle < p.cfg.ShuffleIdle)
}

func (p *plain) goes(v *View, id ids.ProfileID, now Time) (leave []ids.ExecutorID) {
	left := p.count(v, id, false)
	for _, e := range v.Executors {
		if e.Profile == id && p.mayGo(e, now) && left-1 >= p.targets[id] && left-1 >= p.cfg.Min {
			left--
			leave = append(leave, e.ID)
		}
	}
	return leave
}

func drawConfig(t *rapid.T) Config {
	some := func(label string, more ...Time) Time {
		return rapid.SampledFrom(append(more, 0, time.Second, 3*time.Second, 10*time.Second)).Draw(t, label)
	}
	cfg := Config{
		Min: rapid.IntRange(0, 3).Draw(t, "min"), Max: rapid.IntRange(3, 40).Draw(t, "max"), Ratio: rapid.SampledFrom([]float64{1, 0.5, 0.25}).Draw(t, "ratio"),
		Backlog: 100*time.Millisecond + some("backlog"), Sustained: 100*time.Millisecond + some("sustained"),
		Idle: some("idle"), CachedIdle: some("cached idle", Never), ShuffleIdle: some("shuffle idle", Never),
		TrackShuffles: rapid.Bool().Draw(t, "track"), Drain: rapid.Bool().Draw(t, "drain"),
	}
	cfg.Initial = rapid.IntRange(cfg.Min, cfg.Max).Draw(t, "initial")
	return cfg
}

func drawStages(t *rapid.T, profiles []Profile) (stages []Stage) {
	few := rapid.SampledFrom([]int{0, 0, 0, 1, 2, 7, 100})
	for i := range rapid.IntRange(0, 3).Draw(t, "stages") {
		waiting := few.Draw(t, "waiting")
		stages = append(stages, Stage{
			Profile: rapid.SampledFrom(profiles).Draw(t, "profile").ID, PerExecutor: rapid.IntRange(0, 4).Draw(t, "each"), Waiting: waiting, Copies: few.Draw(t, "copies"),
			Running: few.Draw(t, "running"), Unschedulable: waiting > 0 && rapid.IntRange(0, 5).Draw(t, "stuck") == 5,
			Together: rapid.IntRange(0, 3).Draw(t, "together") == 3, Placed: i, Places: []Place{{fmt.Sprint("h", i%2), i}},
		})
	}
	return stages
}

// drawExecutors lets some executors come, go, work and rest.
func drawExecutors(t *rapid.T, v *View, next *ids.ExecutorID, now Time) {
	v.Executors = slices.DeleteFunc(slices.Clone(v.Executors), func(Executor) bool { return rapid.IntRange(0, 9).Draw(t, "goes") == 9 })
	for range rapid.SampledFrom([]int{0, 0, 1, 4}).Draw(t, "come") {
		v.Executors = append(v.Executors, Executor{ID: *next, Profile: rapid.SampledFrom(v.Profiles).Draw(t, "of").ID, Idle: now})
		*next++
	}
	for i := range v.Executors {
		e := &v.Executors[i]
		switch rapid.IntRange(0, 5).Draw(t, "does") {
		case 0:
			e.Running++
		case 1:
			e.Running, e.Idle = 0, now
		case 2:
			e.Cached = !e.Cached
		case 3:
			e.Outputs, e.Needed = true, !e.Needed
		case 4:
			e.Outputs, e.Needed = false, false
		}
	}
}

func TestComputeAgreesWithRulesToldPlainly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t)
		a, p := New(cfg), newPlain(cfg)
		v := View{Profiles: []Profile{{0, rapid.IntRange(1, 4).Draw(t, "slots")}}}
		if rapid.Bool().Draw(t, "second profile") {
			v.Profiles = append(v.Profiles, Profile{7, rapid.IntRange(1, 4).Draw(t, "its slots")})
		}
		var now Time
		var next ids.ExecutorID
		for range rapid.IntRange(1, 40).Draw(t, "times") {
			now += rapid.SampledFrom([]Time{0, 100 * time.Millisecond, time.Second, 5 * time.Second}).Draw(t, "passes")
			if rapid.IntRange(0, 3).Draw(t, "load changes") == 0 {
				v.Stages = drawStages(t, v.Profiles)
				v.Begun = v.Begun || len(v.Stages) > 0
			}
			drawExecutors(t, &v, &next, now)
			before := fmt.Sprint(v, a)
			after, w := a.Compute(&v, now)
			if fmt.Sprint(v, a) != before {
				t.Fatal("Compute changed what it was given")
			}
			a = after
			agree(t, cfg, w, p, p.compute(&v, now))
			for i := range v.Executors {
				e := &v.Executors[i]
				e.Leaving = e.Leaving || slices.Contains(w.Release, e.ID) || slices.Contains(w.Drain, e.ID)
			}
		}
	})
}

func agree(t *rapid.T, cfg Config, w Wanted, p *plain, leave []ids.ExecutorID) {
	for _, x := range w.Targets {
		if x.Executors != p.targets[x.Profile] {
			t.Fatalf("profile %d: want %d, and the plain rules %d", x.Profile, x.Executors, p.targets[x.Profile])
		}
		if x.Executors < cfg.Min || x.Executors > cfg.Max {
			t.Fatalf("profile %d: want %d, which is not from %d to %d", x.Profile, x.Executors, cfg.Min, cfg.Max)
		}
	}
	if got := append(w.Release, w.Drain...); !slices.Equal(got, leave) || cfg.Drain && w.Release != nil || !cfg.Drain && w.Drain != nil {
		t.Fatalf("release %v and drain %v, and the plain rules take leave of %v", w.Release, w.Drain, leave)
	}
}

func BenchmarkCompute(b *testing.B) {
	v := View{Begun: true, Profiles: []Profile{{0, 4}}, Stages: []Stage{{Waiting: 100000, Running: 40000}}}
	for id := range ids.ExecutorID(10000) {
		v.Executors = append(v.Executors, Executor{ID: id, Running: int(id) % 5})
	}
	a := New(Config{Max: 20000, Ratio: 1, Backlog: time.Second, Sustained: time.Second, Idle: time.Minute})
	b.ReportAllocs()
	for i := Time(0); b.Loop(); i++ {
		a, _ = a.Compute(&v, i*100*time.Millisecond)
	}
}
