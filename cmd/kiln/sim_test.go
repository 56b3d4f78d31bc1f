package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/sim"
)

func TestSimTellsTheSameForTheSameSeed(t *testing.T) {
	args := []string{"sim", "--executors=20", "--slots=2", "--tasks=2000", "--faults=3", "--fail=0.01", "--placed=0.5", "--slow=0.1", "--slowness=20", "--speculation", "--seed=7"}
	decisions := func() string {
		code, out, errs := call(args...)
		if code != 0 || errs != "" {
			t.Fatalf("%d: %s", code, errs)
		}
		for _, want := range []string{"20 executors of 2 slots", "times the lower bound", "locality", "copies", "decisions", "heap", "busy slots", "#"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing in\n%s", want, out)
			}
		}
		_, after, _ := strings.Cut(out, "hash ")
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

func TestSimRefusesWhatNoClusterCanBe(t *testing.T) {
	for arg, want := range map[string]string{
		"--executors=0": "at least 1", "--slots=-1": "at least 1", "--tasks=0": "at least 1", "--jobs=-1": "at least two",
		"--jobs=99999": "at least two", "--task=0s": "not more than nothing", "--faults=-1": "less than none",
		"--slowness=0": "at least once", "--fail=1.5": "not between 0 and 1", "--placed=NaN": "not between 0 and 1", "--slow=-0.1": "not between 0 and 1",
		"--seeds=-1": "less than none", "--shrink": "goes with --seeds", "--record=x": "goes with --seeds",
		"more": "flags only", "--nonsense": "not defined", "--seed=x": "invalid value",
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
	plot(&b, "busy", []float64{0, 5, 10, 4.5}, 10, time.Second)
	want := `
busy
      10 |  #
         |  #
         |  #
         |  #
         |  #
       5 | ##.
         | ###
         | ###
         | ###
         | ###
       0 +----
        0s 4s
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
	b.Reset()
	plot(&b, "busy", make([]float64, 1000), 10, time.Second)
	for line := range strings.Lines(b.String()) {
		if len(line) > plotWidth+12 {
			t.Errorf("a line is too long: %q", line)
		}
	}
}

func TestSimWithElasticExecutorsShowsThem(t *testing.T) {
	code, out, errs := call("sim", "--elastic", "--executors=20", "--tasks=2000")
	if code != 0 || errs != "" || !strings.Contains(out, "\nslots\n") || !strings.Contains(out, "\nbusy slots\n") {
		t.Errorf("%d, %s, %s", code, out, errs)
	}
}
