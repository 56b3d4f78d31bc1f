package speculate

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// dumb looks at every attempt each time, and sorts to find the median. It knows no sizes of inputs.
type dumb struct {
	cfg      Config
	slots    int
	attempts []*dumbAttempt
	done     []bool
	marked   []bool
	times    []time.Duration
	rows     int64
	waste    time.Duration
}

type dumbAttempt struct {
	task    int
	try     int32
	start   Time
	rows    int64
	dies    Time
	beaten  Time
	copy    bool
	found   bool
	running bool
}

func (d *dumb) copies(task int) (n int) {
	for _, a := range d.attempts {
		if a.running && a.task == task {
			n++
		}
	}
	return n
}

func (d *dumb) median() time.Duration {
	sorted := slices.Sorted(slices.Values(d.times))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func (d *dumb) check(now Time) (found []Candidate) {
	done, total := 0, time.Duration(0)
	for _, is := range d.done {
		if is {
			done++
		}
	}
	for _, t := range d.times {
		total += t
	}
	n := len(d.done)
	enough := done >= max(1, int(d.cfg.Quantile*float64(n))) && len(d.times) > 0
	if n == 1 && d.cfg.Threshold == 0 || !enough && (d.cfg.Threshold == 0 || n > d.slots) {
		return nil
	}
	for _, a := range d.attempts {
		if !a.running || d.done[a.task] || d.marked[a.task] || d.copies(a.task) != 1 {
			continue
		}
		run, c := now-a.start, Candidate{Task: int32(a.task), Try: a.try, Again: a.found}
		if !enough {
			if run > d.cfg.Threshold {
				c.Rule, c.Limit = Threshold, d.cfg.Threshold
			}
		} else {
			slow := max(time.Duration(d.cfg.Multiplier*float64(d.median())), d.cfg.MinRuntime)
			c.Limit = slow
			switch {
			case a.dies > 0 && a.start+d.median() > a.dies:
				c.Rule, c.Limit = Doomed, d.median()
			case run <= slow:
			case d.cfg.AnyRate:
				c.Rule = AnyRate
			case float64(run) > d.cfg.LongRun*float64(slow):
				c.Rule = LongRun
			case total == 0 || float64(a.rows)/run.Seconds() < d.cfg.SlowRate*(float64(d.rows)/total.Seconds()):
				c.Rule = SlowRate
			}
		}
		if c.Run = run; c.Rule != 0 {
			found = append(found, c)
			a.found = true
		}
	}
	for _, c := range found {
		d.marked[c.Task] = true
	}
	return found
}

func (d *dumb) end(a *dumbAttempt, now Time, won bool, rows int64) {
	a.running, a.rows = false, max(a.rows, rows)
	defer func() {
		if d.copies(a.task) == 0 {
			d.marked[a.task] = false
		}
	}()
	switch {
	case won:
		d.done[a.task] = true
		d.times = append(d.times, now-a.start)
		d.rows += a.rows
	case a.beaten > 0:
		d.waste += now - a.beaten
	case a.copy || d.copies(a.task) > 0 || d.done[a.task]:
		d.waste += now - a.start
	}
}

func TestCandidatesAreThoseOfSparksRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, slots := rapid.IntRange(1, 6).Draw(t, "tasks"), rapid.IntRange(1, 6).Draw(t, "slots")
		cfg := Config{Quantile: rapid.SampledFrom([]float64{0.3, 0.5, 0.9}).Draw(t, "quantile"), Multiplier: 1.5, AnyRate: rapid.Bool().Draw(t, "any rate")}
		cfg.Threshold = time.Duration(rapid.IntRange(0, 3).Draw(t, "threshold")) * time.Second
		s, now := New(cfg, n, slots, nil), Time(0)
		d := &dumb{cfg: cfg.WithDefaults(), slots: slots, done: make([]bool, n), marked: make([]bool, n)}
		running := func(t *rapid.T) *dumbAttempt {
			var all []*dumbAttempt
			for _, a := range d.attempts {
				if a.running {
					all = append(all, a)
				}
			}
			if len(all) == 0 {
				t.Skip("none runs")
			}
			return rapid.SampledFrom(all).Draw(t, "attempt")
		}
		start := func(t *rapid.T) {
			i := rapid.IntRange(0, n-1).Draw(t, "task")
			if d.done[i] {
				return
			}
			a := &dumbAttempt{task: i, start: now, copy: d.copies(i) > 0, running: true}
			a.try = int32(len(d.attempts))
			s.Started(int32(i), a.try, now, 0)
			d.attempts = append(d.attempts, a)
		}
		t.Repeat(map[string]func(*rapid.T){
			"start": start, "start another": start,
			"progress": func(t *rapid.T) {
				a := running(t)
				rows := int64(rapid.IntRange(0, 9).Draw(t, "rows"))
				a.rows = max(a.rows, rows)
				s.Progress(int32(a.task), a.try, Progress{Rows: rows})
			},
			"doom": func(t *rapid.T) {
				a := running(t)
				a.dies = now + time.Second
				s.Doomed(int32(a.task), a.try, a.dies)
			},
			"end": func(t *rapid.T) {
				a := running(t)
				won, rows := !d.done[a.task] && rapid.Bool().Draw(t, "won"), int64(rapid.IntRange(0, 9).Draw(t, "rows"))
				won = won && a.beaten == 0
				d.end(a, now, won, rows)
				s.Progress(int32(a.task), a.try, Progress{Rows: rows})
				s.Ended(int32(a.task), a.try, now, won)
			},
			"beat": func(t *rapid.T) {
				a := running(t)
				if a.beaten == 0 && now > 0 {
					d.waste += now - a.start
					a.beaten = now
				}
				if now > 0 {
					s.Beaten(int32(a.task), a.try, now)
				}
			},
			"again": func(t *rapid.T) {
				a := running(t)
				if d.copies(a.task) == 1 && !d.done[a.task] {
					d.marked[a.task] = false
				}
				s.Again(int32(a.task))
			},
			"reopen": func(t *rapid.T) {
				i := rapid.IntRange(0, n-1).Draw(t, "task")
				d.done[i] = false
				s.Reopened(int32(i))
			},
			"wait": func(t *rapid.T) { now += time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond },
			"": func(t *rapid.T) {
				got, want := s.Check(now), d.check(now)
				for _, c := range [][]Candidate{got, want} { // those that began at the same time come in any order
					slices.SortFunc(c, func(x, y Candidate) int { return cmp.Compare(x.Task, y.Task) })
				}
				if !slices.Equal(got, want) {
					t.Fatalf("at %v: %v, want %v", now, got, want)
				}
				if got := s.Stats().Wasted; got != d.waste {
					t.Fatalf("%v wasted, want %v", got, d.waste)
				}
				if at, ok := s.Next(now); ok && at <= now {
					t.Fatalf("at %v, the next check is at %v", now, at)
				}
			},
		})
	})
}

func TestTheMedianIsTheMiddle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m median
		var all []time.Duration
		for _, x := range rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 1, 60).Draw(t, "times") {
			d := time.Duration(x)
			m.add(d)
			all = append(all, d)
			slices.Sort(all)
			if want := (all[(len(all)-1)/2] + all[len(all)/2]) / 2; m.value() != want || m.len() != len(all) {
				t.Fatalf("median of %v is %v, want %v", all, m.value(), want)
			}
		}
	})
}

const mb = 1 << 20

// nineDone is a set of ten tasks of which nine are done, each after ten seconds and ten megabytes. The last one is of 100 MB or so.
func nineDone(input int64) *Set {
	s := New(Config{}, 10, 4, nil)
	for i := range int32(9) {
		s.Started(i, 0, 0, 10*mb)
		s.Progress(i, 0, Progress{Bytes: 10 * mb, Rows: 10})
		s.Ended(i, 0, 10*time.Second, true)
	}
	s.Started(9, 0, 0, input)
	return s
}

func TestATaskThatIsSlowBecauseItsInputIsLargeGetsNoCopy(t *testing.T) {
	for name, c := range map[string]struct {
		input, read int64 // read after each second
		until, at   time.Duration
	}{
		"large and as fast as the others":         {input: 1000 * mb, read: mb, until: 16 * time.Minute},
		"large and of unknown progress":           {input: 100 * mb, at: 301 * time.Second},
		"large and at a tenth of the rate":        {input: 100 * mb, read: mb / 10, at: 301 * time.Second},
		"like the others and at half of the rate": {input: 10 * mb, read: mb / 2, until: 19 * time.Second},
		"like the others and stands still":        {input: 10 * mb, at: 31 * time.Second},
		"like the others and nearly done":         {input: 10 * mb, read: mb / 4, until: 39 * time.Second},
		"small and stands still":                  {input: mb / 100, at: 31 * time.Second},
		"of unknown size":                         {input: 0, at: 31 * time.Second},
	} {
		s := nineDone(c.input)
		found := time.Duration(0)
		until := max(c.until, 400*time.Second)
		if c.until > 0 {
			until = c.until
		}
		for now := 11 * time.Second; now <= until && found == 0; now += time.Second {
			s.Progress(9, 0, Progress{Bytes: min(c.input, c.read*int64(now/time.Second))})
			if len(s.Check(now)) > 0 {
				found = now
			}
		}
		if found != c.at {
			t.Errorf("%s: a copy at %v, want %v", name, found, c.at)
		}
	}
}

func TestATaskThatStopsHalfwayGetsACopy(t *testing.T) {
	s := nineDone(100 * mb)
	s.Progress(9, 0, Progress{Bytes: 50 * mb}) // and no more
	if c := s.Check(299 * time.Second); c != nil {
		t.Errorf("%v before its time", c)
	}
	if c := s.Check(301 * time.Second); len(c) != 1 || c[0].Rule != SlowRate {
		t.Errorf("%v, want a copy", c)
	}
}

func TestATaskThatHasReadEverythingAndGoesOnForLongGetsACopy(t *testing.T) {
	s := nineDone(10 * mb)
	s.Progress(9, 0, Progress{Bytes: 10 * mb})
	if c := s.Check(60 * time.Second); c != nil {
		t.Errorf("%v before its time", c)
	}
	if c := s.Check(61 * time.Second); len(c) != 1 || c[0].Rule != LongRun {
		t.Errorf("%v, want a copy", c)
	}
}

func TestACompressedInputTakesWhatOthersTook(t *testing.T) {
	s := New(Config{}, 10, 4, nil)
	for i := range int32(9) {
		s.Started(i, 0, 0, mb) // ten times as much when it is read
		s.Progress(i, 0, Progress{Bytes: 10 * mb})
		s.Ended(i, 0, 10*time.Second, true)
	}
	s.Started(9, 0, 0, 10*mb)
	for now := 11 * time.Second; now <= 100*time.Second; now += time.Second {
		s.Progress(9, 0, Progress{Bytes: mb * int64(now/time.Second)})
		if c := s.Check(now); c != nil {
			t.Fatalf("at %v: %v, and it reads as fast as the others", now, c)
		}
	}
	if c := s.Check(301 * time.Second); c != nil {
		t.Errorf("%v, and it has read everything", c)
	}
	if c := s.Check(601 * time.Second); len(c) != 1 || c[0].Limit != 300*time.Second {
		t.Errorf("%v, want a copy after twice 300 s", c)
	}
}

func TestATaskOnAnExecutorThatGoesTooSoonGetsACopy(t *testing.T) {
	s := nineDone(10 * mb)
	s.Doomed(9, 0, 9*time.Second)
	if c := s.Check(time.Second); len(c) != 1 || c[0].Rule != Doomed {
		t.Errorf("%v, want a copy: its executor goes before the median", c)
	}
	s = nineDone(10 * mb)
	s.Doomed(9, 0, 11*time.Second)
	if c := s.Check(time.Second); c != nil {
		t.Errorf("%v, and its executor stays for longer than the median", c)
	}
}

func TestTheNextCheckIsWhenTheOldestMayBeSlow(t *testing.T) {
	s := nineDone(10 * mb)
	if at, ok := s.Next(11 * time.Second); !ok || at != 30*time.Second+1 {
		t.Errorf("next at %v (%v)", at, ok)
	}
	if at, ok := s.Next(time.Minute); !ok || at != time.Minute+100*time.Millisecond {
		t.Errorf("next at %v (%v)", at, ok)
	}
	if _, ok := New(Config{}, 3, 1, nil).Next(0); ok {
		t.Error("a check where nothing runs")
	}
}

func TestWhatACopyCostsIsCounted(t *testing.T) {
	s := nineDone(0)
	s.Check(40 * time.Second)
	s.Started(9, 1, 41*time.Second, 0)
	s.Ended(9, 1, 50*time.Second, true)
	s.Ended(9, 0, 51*time.Second, false)
	if got, want := s.Stats(), (Stats{Copies: 1, Won: 1, Wasted: 51 * time.Second}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestConfigurationsThatCannotBeAreRefused(t *testing.T) {
	nan := 0.0
	nan /= nan
	for _, c := range []Config{{Quantile: 1.1}, {Quantile: -1}, {Quantile: nan}, {Multiplier: 0.5}, {LongRun: 0.5}, {SlowRate: 2}, {Interval: -1}, {Threshold: -1}} {
		if c.Check() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if err := (Config{}).Check(); err != nil {
		t.Error(err)
	}
}

func BenchmarkCheckWithRunning(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := New(Config{Quantile: 0.1}, n, 4, nil)
			for i := range n {
				if s.Started(int32(i), 0, 0, 0); i < n/2 {
					s.Ended(int32(i), 0, time.Second, true)
				}
			}
			for b.Loop() {
				s.Check(2 * time.Second)
			}
		})
	}
}

func ExampleSet() {
	s := New(Config{}, 10, 4, nil)
	for i := range int32(9) {
		s.Started(i, 0, 0, 0)
		s.Progress(i, 0, Progress{Rows: 100})
		s.Ended(i, 0, 2*time.Second, true)
	}
	s.Started(9, 0, 0, 0)
	s.Progress(9, 0, Progress{Rows: 10})
	at, _ := s.Next(2 * time.Second)
	for _, c := range s.Check(at) {
		fmt.Printf("task %d: %v\n", c.Task, c.Rule)
	}
	// Output:
	// task 9: it reads far more slowly than the average
}
