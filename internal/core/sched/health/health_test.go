package health

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// dumb keeps a list of what was said and counts in it each time.
type dumb struct {
	cfg      Config
	now      Time
	said     []failed
	serial   int
	failures []dumbFailure // of the application
	execs    []dumbEnd     // excluded by the application
	hosts    []dumbEnd
}

type failed struct {
	set, task, executor int
	at                  Time
	serial              int // two failures are never the same
}

type dumbFailure struct {
	executor int
	until    Time
}

type dumbEnd struct {
	of    int
	until Time
}

const sets, tasks, execs, hosts = 3, 3, 5, 2

func hostOf(executor int) int  { return executor % hosts }
func hostName(host int) string { return string(rune('a' + host)) }

// count gives how many different values of key there are among what was said and matches.
func (d *dumb) count(matches func(failed) bool, key func(failed) any) int {
	seen := map[any]bool{}
	for _, f := range d.said {
		if matches(f) {
			seen[key(f)] = true
		}
	}
	return len(seen)
}

func each(f failed) any { return f }

func (d *dumb) stageOnExecutor(set, executor int) bool {
	distinct := d.count(func(f failed) bool { return f.set == set && f.executor == executor }, func(f failed) any { return f.task })
	return d.cfg.TaskAndStage && distinct >= d.cfg.StageOnExecutor
}

func (d *dumb) stageOnHost(set, host int) bool {
	return d.cfg.TaskAndStage && d.count(func(f failed) bool {
		return f.set == set && hostOf(f.executor) == host && d.stageOnExecutor(set, f.executor)
	},
		func(f failed) any { return f.executor }) >= d.cfg.StageOnHost
}

func is(of int) func(dumbEnd) bool { return func(e dumbEnd) bool { return e.of == of } }

func (d *dumb) refuses(set, task, executor int) Rule {
	host := hostOf(executor)
	switch {
	case slices.ContainsFunc(d.hosts, is(host)):
		return ApplicationOnHost
	case slices.ContainsFunc(d.execs, is(executor)):
		return ApplicationOnExec
	case d.stageOnHost(set, host):
		return StageOnHost
	case d.stageOnExecutor(set, executor):
		return StageOnExecutor
	case d.cfg.TaskAndStage && d.count(func(f failed) bool { return f.set == set && f.task == task && hostOf(f.executor) == host }, each) >= d.cfg.TaskOnHost:
		return TaskFailedOnHost
	case d.cfg.TaskAndStage && d.count(func(f failed) bool { return f.set == set && f.task == task && f.executor == executor }, each) >= d.cfg.TaskOnExecutor:
		return TaskFailedThere
	}
	return None
}

func (d *dumb) fail(set, task, executor int) (facts []string) {
	execBefore, hostBefore := d.stageOnExecutor(set, executor), d.stageOnHost(set, hostOf(executor))
	d.serial++
	d.said = append(d.said, failed{set, task, executor, d.now, d.serial})
	if d.stageOnExecutor(set, executor) && !execBefore {
		facts = append(facts, fmt.Sprintf("set %d -executor %d", set, executor))
	}
	if d.stageOnHost(set, hostOf(executor)) && !hostBefore {
		facts = append(facts, fmt.Sprintf("set %d -host %d", set, hostOf(executor)))
	}
	return facts
}

func (d *dumb) excludeExecutor(executor int) []string {
	d.execs = append(d.execs, dumbEnd{executor, d.now + d.cfg.Timeout})
	return []string{fmt.Sprintf("-executor %d", executor)}
}

func (d *dumb) excludeHost(host int) []string {
	if slices.ContainsFunc(d.hosts, is(host)) {
		return nil
	}
	d.hosts = append(d.hosts, dumbEnd{host, d.now + d.cfg.Timeout})
	return []string{fmt.Sprintf("-host %d", host)}
}

func (d *dumb) succeed(set int) (facts []string) {
	var order []int
	last := map[[2]int]Time{}
	for _, f := range d.said {
		if f.set == set {
			if !slices.Contains(order, f.executor) {
				order = append(order, f.executor)
			}
			last[[2]int{f.task, f.executor}] = f.at
		}
	}
	if !d.cfg.Application {
		return nil
	}
	for key, at := range last {
		d.failures = append(d.failures, dumbFailure{key[1], at + d.cfg.Timeout})
	}
	for _, executor := range order {
		n := 0
		for _, f := range d.failures {
			if f.executor == executor && f.until > d.now {
				n++
			}
		}
		if n < d.cfg.AppOnExecutor || slices.ContainsFunc(d.execs, is(executor)) {
			continue
		}
		facts = append(facts, d.excludeExecutor(executor)...)
		on := 0
		for _, e := range d.execs {
			if hostOf(e.of) == hostOf(executor) {
				on++
			}
		}
		if on >= d.cfg.AppOnHost {
			facts = append(facts, d.excludeHost(hostOf(executor))...)
		}
	}
	return facts
}

func (d *dumb) fetch(executor int) []string {
	switch {
	case !d.cfg.Fetch:
		return nil
	case d.cfg.FetchByHost:
		return d.excludeHost(hostOf(executor))
	case slices.ContainsFunc(d.execs, is(executor)):
		return nil
	}
	return d.excludeExecutor(executor)
}

func (d *dumb) expire() (facts []string) {
	over := func(what string) func(e dumbEnd) bool {
		return func(e dumbEnd) bool {
			if e.until <= d.now {
				facts = append(facts, fmt.Sprintf("+%s %d", what, e.of))
			}
			return e.until <= d.now
		}
	}
	d.execs = slices.DeleteFunc(d.execs, over("executor"))
	d.hosts = slices.DeleteFunc(d.hosts, over("host"))
	return facts
}

// short gives facts in the dumb one's words.
func short(facts []Fact) (words []string) {
	for _, f := range facts {
		word := "-"
		if f.Included {
			word = "+"
		}
		if f.OfStage() {
			word = fmt.Sprintf("set %d ", f.Stage.Stage) + word
		}
		if f.OfHost() {
			word += fmt.Sprintf("host %d", f.Host[0]-'a')
		} else {
			word += fmt.Sprintf("executor %v", f.Executor)
		}
		words = append(words, word)
	}
	return words
}

func drawConfig(t *rapid.T) Config {
	limit := func(what string) int { return rapid.IntRange(1, 3).Draw(t, what) }
	return Config{
		TaskAndStage: rapid.Bool().Draw(t, "stage"), Application: rapid.Bool().Draw(t, "application"),
		Fetch: rapid.Bool().Draw(t, "fetch"), FetchByHost: rapid.Bool().Draw(t, "by host"),
		TaskOnExecutor: limit("task on executor"), TaskOnHost: limit("task on host"), StageOnExecutor: limit("stage on executor"),
		StageOnHost: limit("stage on host"), AppOnExecutor: limit("app on executor"), AppOnHost: limit("app on host"),
		Timeout: 10 * time.Second,
	}
}

func TestExclusionIsWhatCountingGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &dumb{cfg: drawConfig(t)}
		tracker := New(d.cfg)
		var open [sets]*Set
		for i := range open {
			open[i] = tracker.Open(ids.StageRef{Stage: ids.StageID(i)})
		}
		same := func(t *rapid.T, facts []Fact, want []string) {
			if got := short(facts); !slices.Equal(got, want) {
				t.Fatalf("facts %q, want %q", got, want)
			}
		}
		draw := func(t *rapid.T, what string, n int) int { return rapid.IntRange(0, n-1).Draw(t, what) }
		t.Repeat(map[string]func(*rapid.T){
			"fail": func(t *rapid.T) {
				s, i, e := draw(t, "set", sets), draw(t, "task", tasks), draw(t, "executor", execs)
				same(t, open[s].Failed(d.now, int32(i), ids.ExecutorID(e), hostName(hostOf(e))), d.fail(s, i, e))
			},
			"succeed": func(t *rapid.T) {
				s := draw(t, "set", sets)
				same(t, tracker.Succeeded(d.now, open[s]), d.succeed(s))
				d.said = slices.DeleteFunc(d.said, func(f failed) bool { return f.set == s })
				open[s] = tracker.Open(ids.StageRef{Stage: ids.StageID(s)})
			},
			"fetch failed": func(t *rapid.T) {
				e := draw(t, "executor", execs)
				same(t, tracker.FetchFailed(d.now, ids.ExecutorID(e), hostName(hostOf(e))), d.fetch(e))
			},
			"lose": func(t *rapid.T) {
				e := draw(t, "executor", execs)
				tracker.Removed(ids.ExecutorID(e))
				d.failures = slices.DeleteFunc(d.failures, func(f dumbFailure) bool { return f.executor == e })
			},
			"wait": func(t *rapid.T) {
				d.now += time.Duration(rapid.IntRange(1, 6).Draw(t, "seconds")) * time.Second
				got, want := short(tracker.Expire(d.now)), d.expire()
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Fatalf("at %v: %q, want %q", d.now, got, want)
				}
			},
			"": func(t *rapid.T) { sameRules(t, tracker, open[:], d) },
		})
	})
}

func sameRules(t *rapid.T, tracker *Tracker, open []*Set, d *dumb) {
	if err := tracker.Check(); err != nil {
		t.Fatal(err)
	}
	for s := range sets {
		for i := range tasks {
			for e := range execs {
				want := d.refuses(s, i, e)
				if got := open[s].Refuses(int32(i), ids.ExecutorID(e), hostName(hostOf(e))); got != want {
					t.Fatalf("set %d, task %d, executor %d: %v, want %v", s, i, e, got, want)
				}
			}
		}
	}
	next, ok := tracker.Next()
	if ok != (len(d.execs)+len(d.hosts) > 0) || ok && next <= d.now {
		t.Fatalf("at %v, next is %v (%v)", d.now, next, ok)
	}
}

func TestTheApplicationForgetsEachFailureByItself(t *testing.T) {
	tracker := New(Config{Application: true, AppOnExecutor: 2, Timeout: time.Hour})
	done := func(failedAt, doneAt time.Duration) []Fact {
		s := tracker.Open(ids.StageRef{})
		s.Failed(failedAt, 0, 7, "a")
		return tracker.Succeeded(doneAt, s)
	}
	if f := done(10*time.Minute, 20*time.Minute); f != nil {
		t.Errorf("one failure of two: %v", f)
	}
	if f := done(time.Hour, 70*time.Minute); f != nil {
		t.Errorf("the first failure is an hour old: %v", f)
	}
	if f := done(90*time.Minute, 119*time.Minute); len(f) != 1 || f[0].Until != 179*time.Minute {
		t.Errorf("two failures within the hour: %v", f)
	}
}

func TestNothingIsExcludedUnlessAskedFor(t *testing.T) {
	tracker := New(Config{Application: false, AppOnExecutor: 1})
	s := tracker.Open(ids.StageRef{})
	if tracker != nil || s != nil || s.Failed(0, 0, 0, "a") != nil || !s.Allowed(0, 0, "a") || !s.Clean() {
		t.Error("a tracker that excludes nothing does something")
	}
	if tracker.Succeeded(0, s) != nil || tracker.FetchFailed(0, 0, "a") != nil || tracker.Expire(9) != nil || tracker.Check() != nil {
		t.Error("a tracker that excludes nothing does something")
	}
	tracker.Removed(0)
}

func TestConfigurationsThatCannotBeAreRefused(t *testing.T) {
	for want, c := range map[string]Config{
		"failures of a task on an executor is -1": {TaskOnExecutor: -1},
		"excluded for -1s":                        {Timeout: -time.Second},
		"4 times on one host and 4 times at all":  {TaskAndStage: true, TaskOnHost: 4},
	} {
		if err := c.Check(4); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", c, err, want)
		}
	}
	if err := (Config{TaskAndStage: true, Application: true}).Check(4); err != nil {
		t.Error(err)
	}
}

func TestAFactSaysWhatItComesOf(t *testing.T) {
	stage := ids.StageRef{Stage: 3}
	for want, f := range map[string]Fact{
		"executor 7 on host a is excluded until 1m0s (kill): 1 failed task":                     {Rule: ApplicationOnExec, Executor: 7, Host: "a", Failures: 1, Until: time.Minute, Ending: Kill},
		"executor 7 on host a is excluded until 1m0s (keep): its map outputs could not be read": {Rule: ApplicationOnExec, Executor: 7, Host: "a", Until: time.Minute},
		"executor 7 on host a is included again":                                                {Rule: ApplicationOnExec, Executor: 7, Host: "a", Included: true},
		"host a is excluded until 1m0s (keep): 2 excluded executors":                            {Rule: ApplicationOnHost, Executor: ids.Driver, Host: "a", Failures: 2, Until: time.Minute},
		"host a is excluded until 1m0s (decommission): its map outputs could not be read":       {Rule: ApplicationOnHost, Executor: ids.Driver, Host: "a", Until: time.Minute, Ending: Decommission},
		"stage 3.0 excludes host a: 1 excluded executor":                                        {Rule: StageOnHost, Stage: stage, Executor: ids.Driver, Host: "a", Failures: 1},
		"stage 3.0 excludes executor 7 on host a: 2 failed tasks":                               {Rule: StageOnExecutor, Stage: stage, Executor: 7, Host: "a", Failures: 2},
	} {
		if got := f.String(); got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
	if (Fact{Included: true}).OfFetch() || (Fact{Failures: 1}).OfFetch() || !(Fact{}).OfFetch() {
		t.Error("only an exclusion without failed tasks comes of map outputs")
	}
}

func ExampleTracker() {
	t := New(Config{TaskAndStage: true, Application: true, Ending: Kill})
	s := t.Open(ids.StageRef{Stage: 3})
	say := func(facts []Fact) {
		for _, f := range facts {
			fmt.Println(f)
		}
	}
	say(s.Failed(time.Second, 0, 7, "red"))
	fmt.Println(s.Refuses(0, 7, "red"))
	fmt.Println(s.Refuses(1, 7, "red"))
	say(s.Failed(2*time.Second, 1, 7, "red"))
	say(t.Succeeded(time.Minute, s))
	at, _ := t.Next()
	say(t.Expire(at))
	// Output:
	// the task failed on this executor
	// allowed
	// stage 3.0 excludes executor 7 on host red: 2 failed tasks
	// executor 7 on host red is excluded until 1h1m0s (kill): 2 failed tasks
	// executor 7 on host red is included again
}
