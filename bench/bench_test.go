package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/bench/data"
)

// A child is this binary again, so the tests are one too when they are asked to.
func TestMain(m *testing.M) {
	atStart()
	if len(os.Args) == 3 && os.Args[1] == childCommand {
		serve(os.Args[2:])
	}
	os.Exit(m.Run())
}

func smoke(t *testing.T, args ...string) (table, error) {
	t.Helper()
	o, err := parse(append([]string{"-scale", "0.0001", "-work", t.TempDir(), "-engines", "hand", "-o", "json"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	failed := run(context.Background(), o, &out, io.Discard)
	var got table
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got, failed
}

func TestEveryMeasurementIsAProcessOfItsOwn(t *testing.T) {
	got, err := smoke(t, "-only", "^(sort|reduceByKey)$", "-count", "2")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Cells) != 4 {
		t.Fatalf("%d cells, want two rows of two engines", len(got.Cells))
	}
	for _, c := range got.Cells {
		if len(c.Runs) != 2 {
			t.Errorf("%s on %s ran %d times, want 2", c.Row, c.Engine, len(c.Runs))
		}
		for _, m := range c.Runs {
			if m.Value <= 0 || m.PeakBytes < 1<<20 || m.Result.Rows == 0 {
				t.Errorf("%s on %s: measured %+v", c.Row, c.Engine, m)
			}
		}
	}
}

// liar answers something else than what is right, crashes, or does not have the workload.
type liar struct{ name string }

func (l liar) Name() string { return l.name }

func (l liar) Run(workload string, _ data.Input) (Measured, error) {
	switch workload {
	case rowReduceByKey:
		return Measured{Result: data.Result{Rows: 1}}, nil
	case rowJoin:
		os.Exit(3)
	case rowGroupByKey:
		return Measured{}, errors.New("no memory left")
	}
	return Measured{}, errAbsent
}

func init() { register(liar{"test/liar"}) }

func TestAWrongAnswerOrADeadProcessFailsTheRun(t *testing.T) {
	for row, want := range map[string]string{rowReduceByKey: "WRONG: 1 rows", rowJoin: "exit status 3", rowGroupByKey: "no memory left"} {
		_, err := smoke(t, "-only", "^"+row+"$", "-engines", "liar")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", row, err, want)
		}
	}
	if got, err := smoke(t, "-only", "^pagerank$", "-engines", "liar"); err != nil || len(got.Cells) != 1 {
		t.Errorf("a workload that an engine does not have: %v, %d cells", err, len(got.Cells))
	}
}

func TestBadFlagsAreRefused(t *testing.T) {
	for _, args := range []string{"-scale 0", "-scale NaN", "-scale -1", "-count 0", "-o xml", "-only (", "more"} {
		if _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%s passes", args)
		}
	}
}

func TestVerdictsFollowTheGoals(t *testing.T) {
	for _, c := range []struct {
		row     string
		value   float64
		cluster bool
		want    string
	}{
		{rowWordCount, 5.9, false, "stretch"}, {rowWordCount, 10, false, "yes"}, {rowWordCount, 10.1, false, "NO"},
		{rowWordCount, 12.5, true, "yes"}, {rowWordCount, 12.6, true, "NO"},
		{rowEmptyTasks, 200_000, false, "stretch"}, {rowEmptyTasks, 50_001, false, "yes"}, {rowEmptyTasks, 49_999, false, "NO"},
		{rowEmptyTasks, 20_000, true, "yes"},
		{rowFused, 18, false, "yes"}, {rowFused, 15, false, "stretch"}, {rowFused, 19, false, "NO"},
		{rowBroadcast, 0.8, true, "yes"},
	} {
		r, err := rowNamed(c.row)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.verdict(r.figure(c.value, 10), r.goalOn(c.cluster)); got != c.want {
			t.Errorf("%s of %g, by hand 10: %q, want %q", c.row, c.value, got, c.want)
		}
	}
}

func TestLatencyIsTheDistributionOfTheRunsAfterWarmingUp(t *testing.T) {
	runs := 0
	l, err := latencyOf(3, 10, func() error { runs++; return nil })
	if err != nil || runs != 13 || l.p50 > l.p90 || l.p90 > l.p99 {
		t.Errorf("%d runs, %+v, %v", runs, l, err)
	}
	broken := errors.New("broken")
	if _, err := latencyOf(1, 1, func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v, want the error of the job", err)
	}
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, p := range []int{1, 50, 90, 99, 100} {
		if got := percentile(hundred, p); got != time.Duration(p) {
			t.Errorf("percentile %d of 1 to 100 is %d", p, got)
		}
	}
	if got := percentile(hundred[:1], 50); got != 1 {
		t.Errorf("percentile 50 of one value is %d", got)
	}
}

func TestAProcessKnowsItsOwnCPUTimeAndAge(t *testing.T) {
	before := cpuTime()
	spent := uint64(0)
	for cpuTime() <= before {
		spent = data.Mix(spent)
	}
	began = time.Now().Add(-time.Hour)
	if age := sinceStart(); age < time.Hour {
		t.Errorf("started %v ago, want at least an hour", age)
	}
}

func TestTheWideProgramHas250VerbCalls(t *testing.T) {
	program := wideProgram(wideTypes)
	if _, err := parser.ParseFile(token.NewFileSet(), "main.go", program, 0); err != nil {
		t.Fatal(err)
	}
	if calls := wideTypes*len(verbsOfType) + wideTypes/4; calls != 250 {
		t.Errorf("%d calls", calls)
	}
}

func TestSparkResultsAreParsed(t *testing.T) {
	m, err := parseSpark([]byte("noise\nRESULT sort 1.5 3 ff 2.25\n"))
	want := Measured{Value: 1.5, Result: data.Result{Rows: 3, Checksum: 255, Sum: 2.25}}
	if err != nil || m != want {
		t.Errorf("%+v, %v, want %+v", m, err, want)
	}
	if _, err := parseSpark([]byte("noise\n")); err == nil {
		t.Error("no result passes")
	}
}

func TestTablesNameEveryEngineAndGoal(t *testing.T) {
	cells := []*cell{
		{Row: rowSort, Engine: handOne, Unit: "s", Runs: []Measured{{Value: 2, PeakBytes: 5e6}}},
		{Row: rowSort, Engine: "hand/2", Unit: "s", Runs: []Measured{{Value: 1}, {Value: 3}}},
		{Row: rowJoin, Engine: handOne, Unit: "s", Failed: "WRONG: 1 rows"},
	}
	var out bytes.Buffer
	if err := (&table{Scale: 1, Cells: cells}).printText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hand/1", "hand/2", "1.00 s (2.00 s)", "1.5x", "0.8x", "WRONG:", "5 MB"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not have %q:\n%s", want, out.String())
		}
	}
}
