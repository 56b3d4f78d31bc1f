package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/sim"
	"pgregory.net/rapid"
)

func TestSimTellsTheSameForTheSameSeed(t *testing.T) {
	args := []string{"sim", "--executors=20", "--slots=2", "--tasks=2000", "--kills=3", "--fail=0.01", "--placed=0.5", "--slow=0.1", "--slowness=20", "--speculation", "--seed=7"}
	decisions := func() string {
		code, out, errs := call(args...)
		if code != 0 || errs != "" {
			t.Fatalf("%d: %s", code, errs)
		}
		for _, want := range []string{"20 executors of 2 slots", "2,000 tasks", "times the lower bound", "locality", "copies", "decisions", "heap", "p50", "p90", "p99", "max",
			"a Step costs", "a task waits", "a task runs", "busy slots", "#"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing in\n%s", want, out)
			}
		}
		_, after, _ := strings.Cut(out, "decisions ")
		hash, _, _ := strings.Cut(after, "\n")
		return hash
	}
	first := decisions()
	if again := decisions(); first != again || first == "" {
		t.Errorf("hash %q, then %q", first, again)
	}
	args[len(args)-1] = "--seed=8"
	if other := decisions(); other == first {
		t.Errorf("another seed has the same hash %q", other)
	}
}

func TestSimFindsOutAtOnceThatItCouldNotRecord(t *testing.T) {
	code, out, errs := call("sim", "--seeds", "1000000000", "--record", filepath.Join(t.TempDir(), "none", "x.sched"))
	if code != exitUsage || out != "" || !strings.Contains(errs, "there is no directory") {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
}

func TestSimRefusesWhatNoClusterCanBe(t *testing.T) {
	for arg, want := range map[string]string{
		"--executors=0": "at least 1", "--slots=-1": "at least 1", "--tasks=0": "at least 1", "--jobs=-1": "at least two",
		"--jobs=99999": "at least two", "--task=0s": "not more than nothing", "--kills=-1": "less than none",
		"--drains=-1": "less than none", "--disk-losses=-1": "less than none", "--partitions=-1": "less than none", "--twice=2": "not between 0 and 1",
		"--lose=-1": "not between 0 and 1", "--jitter=-1s": "between nothing and a day", "--delay=25h": "between nothing and a day",
		"--drain-time=-1s": "between nothing and a day", "--slow-join=-1s": "between nothing and a day", "--partition-time=-1s": "between nothing and a day",
		"--task=25h": "more than a day", "-o=xml": "text or json",
		"--slowness=0": "at least once", "--fail=1.5": "not between 0 and 1", "--placed=NaN": "not between 0 and 1", "--slow=-0.1": "not between 0 and 1",
		"--seeds=-1": "less than none", "--shrink": "goes with --seeds", "--record=x": "goes with --seeds",
		"more": "flags only", "--nonsense": "not defined", "--seed=x": "--seed=x is no whole number", "--task=5": "--task=5 is no duration, such as 250ms", "--slow=x": "--slow=x is no number",
		"--speculation=x": "invalid boolean", "--executors=99999999999": "1048576 executors", "--slots=65537": "65536 slots", "--tasks=99999999999": "134217728 tasks",
		"--kills=99999999": "more than 1048576", "--tasks=1": "--tasks=1: a job has at least two",
	} {
		if code, out, errs := call("sim", arg); code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: %d, %q, %q", arg, code, out, errs)
		}
	}
}

func TestSimRefusesALargeApplicationAndSeedsAtOnce(t *testing.T) {
	if code, _, errs := call("sim", "--seeds=3", "--executors=5"); code != exitUsage || !strings.Contains(errs, "--executors describes one large application") {
		t.Errorf("%d, %q", code, errs)
	}
}

func TestSimPlaysARangeOfSeeds(t *testing.T) {
	code, out, errs := call("sim", "--seeds=20", "--seed=500")
	if code != 0 || errs != "" || !strings.Contains(out, "20 scenarios, seeds 500 to 519") || !strings.Contains(out, "jobs: ") {
		t.Errorf("%d, %s, %s", code, out, errs)
	}
}

func TestAFailingScenarioIsToldAsDecisionsStoryScriptAndLog(t *testing.T) {
	var out, errs strings.Builder
	file := filepath.Join(t.TempDir(), "seed.log")
	p := sim.Draw(sim.Random(7))
	tellFailure(p, errors.New("nobody likes it"), file, &out, &errs)
	if errs.String() != "" {
		t.Error(errs.String())
	}
	for _, want := range []string{"is submitted at", "its story:", "steps, all as they were recorded; the run ended", "# Seed 7: nobody likes it", "\nseed 7\n", "\n----\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	if code, story, _ := call("replay", "--check", file); code != 0 {
		t.Errorf("replay says %d: %s", code, story)
	}
}

func TestAPlotShowsEachSpan(t *testing.T) {
	var b strings.Builder
	plot(&b, "busy", []float64{0, 5, 10, 4.5}, time.Second, 4*time.Second, 10)
	span := plotWidth / 4
	want := strings.Builder{}
	want.WriteString("\nbusy\n")
	for row := plotHeight; row > 0; row-- {
		third, fourth := strings.Repeat("#", span), ""
		second := strings.Repeat(" ", span)
		if row <= 5 {
			second, fourth = third, third
		}
		if row == 5 {
			fourth = strings.Repeat(".", span)
		}
		label := map[int]string{10: "10", 5: "5"}[row]
		fmt.Fprintf(&want, "%9s |%*s%s%s%s\n", label, span, "", second, third, fourth)
	}
	fmt.Fprintf(&want, "        0 +%s\n         0s%*s\n", strings.Repeat("-", plotWidth), plotWidth-1, "4s")
	if b.String() != want.String() {
		t.Errorf("got\n%s\nwant\n%s", &b, &want)
	}
}

// Whatever is plotted fits on 80 columns, and its area is that of the values.
func TestAPlotIsAsWideAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 300).Draw(t, "values")
		part := rapid.Float64Range(0.1, 1).Draw(t, "part of the last span")
		count := float64(len(values)-1) + part
		var b strings.Builder
		plot(&b, "busy slots", values, time.Second, time.Duration(count*float64(time.Second)), 1e9)
		for line := range strings.Lines(b.String()) {
			if len(line) > 81 {
				t.Fatalf("a line of %d columns: %q", len(line)-1, line)
			}
		}
		want := values[len(values)-1] * part
		for _, v := range values[:len(values)-1] {
			want += v
		}
		sum := 0.0
		for _, v := range resample(values, count) {
			sum += v * count / plotWidth
		}
		if math.Abs(sum-want) > 1e-6*(want+1) {
			t.Fatalf("the area is %v, and that of the values %v", sum, want)
		}
	})
}

func TestSimWithElasticExecutorsShowsThem(t *testing.T) {
	code, out, errs := call("sim", "--elastic", "--executors=20", "--tasks=2000")
	if code != 0 || errs != "" || !strings.Contains(out, "\nslots\n") || !strings.Contains(out, "\nbusy slots\n") {
		t.Errorf("%d, %s, %s", code, out, errs)
	}
}

func TestSimHelpListsEachFlagOnceAndFits(t *testing.T) {
	_, out, _ := call("sim", "--help")
	(&simulation{}).flags().VisitAll(func(f *flag.Flag) {
		if n := strings.Count(out, "\n  "+dashes(f.Name)+" "); n != 1 {
			t.Errorf("%s is listed %d times", f.Name, n)
		}
	})
	for line := range strings.Lines(out) {
		if len(line) > 110 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

// The examples of the help make sense to the flags.
func TestTheExamplesOfSimHelpAreRead(t *testing.T) {
	count := 0
	for line := range strings.Lines(simNotes) {
		if args, ok := strings.CutPrefix(strings.TrimSpace(line), "kiln sim "); ok {
			count++
			if _, err := parseSim(strings.Fields(args)); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	if count < 3 {
		t.Errorf("%d examples", count)
	}
}

func TestSimTellsItsReportAsJSON(t *testing.T) {
	args := []string{"sim", "-o=json", "--executors=20", "--tasks=2000", "--elastic", "--speculation", "--kills=2", "--jitter=5ms", "--seed=3"}
	code, out, errs := call(args...)
	var r report
	decode := json.NewDecoder(strings.NewReader(out))
	decode.DisallowUnknownFields()
	if err := decode.Decode(&r); code != 0 || errs != "" || err != nil || decode.More() {
		t.Fatalf("%d, %s, %v: %s", code, errs, err, out)
	}
	if r.Executors != 20 || r.Slots != 4 || r.Tasks != 2000 || r.Seed != 3 || r.Launches < 2000 || r.Makespan < r.Bound || r.Bound <= 0 || r.HeapBytes == 0 {
		t.Errorf("got %+v", r)
	}
	for name, s := range map[string]spread{"cost": r.Cost, "wait": r.Wait, "run": r.Run} {
		if !(s.P50 <= s.P90 && s.P90 <= s.P99 && s.P99 <= s.Max && s.Mean > 0 && s.Mean <= s.Max) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if r.Run.Max < 0.5 || r.Run.Max > 1.5 || r.There == nil || len(r.Busy.Slots) == 0 || r.Copies == nil {
		t.Errorf("got %+v", r)
	}
	if _, text, _ := call(append(args, "-o=text")...); !strings.Contains(text, r.Hash) {
		t.Errorf("hash %s is not in\n%s", r.Hash, text)
	}
}

func TestASimulationThatDoesNotCompleteItsJobsFails(t *testing.T) {
	if code, out, errs := call("sim", "--fail=1", "--executors=5", "--tasks=100"); code != exitFailed || out != "" || !strings.Contains(errs, "1 of 1 jobs failed") {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
}

func TestNumbersAreBrief(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", -123: "-123"} {
		if got := counted(n); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 999: "999ns", 4339: "4.34µs", 20_260_000: "20.3ms", 27_451 * time.Millisecond: "27.5s", 3725*time.Second + 4e8: "1h2m5s",
	} {
		if got := brief(d).String(); got != want {
			t.Errorf("%v is told as %s", d, got)
		}
	}
}
