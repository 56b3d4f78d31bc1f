package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

func recorded(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "run.sched")
	s, err := kiln.Open(context.Background(), kiln.Master("local[2]"), kiln.AppName("recorded"), kiln.Set("kiln.sched.record", file))
	if err != nil {
		t.Fatal(err)
	}
	pairs := kiln.Map(kiln.Range(s, 0, 100, 1, 4), func(i int64) kiln.KV[int64, int64] { return kiln.Pair(i%10, i) })
	sums := kiln.ReduceByKey(pairs, func(a, b int64) int64 { return a + b }, kiln.Partitions(3))
	if n, err := sums.Count(t.Context()); err != nil || n != 10 {
		t.Errorf("%d, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestReplayTellsTheStoryAndThatItIsTheSame(t *testing.T) {
	file := recorded(t)
	code, out, errs := call("replay", file)
	for _, want := range []string{"recorded, app-", "job 0", "stage 1", "all as they were recorded; the run ended"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("%d: %q is missing in\n%s%s", code, want, out, errs)
		}
	}
	if code, out, _ := call("replay", "--check", file); code != 0 || strings.Count(out, "\n") != 1 {
		t.Errorf("--check: %d, %s", code, out)
	}
	if code, out, _ := call("replay", "--why", "1.2", file); code != 0 || !strings.Contains(out, "waits for the stages that it reads from") || !strings.Contains(out, "it runs") {
		t.Errorf("--why: %d, %s", code, out)
	}
}

func TestReplayRefusesWhatIsNoRecord(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("what happened yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := recorded(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{}, exitUsage, "name one file"},
		{[]string{"--nonsense", file}, exitUsage, "not defined"},
		{[]string{text}, exitFailed, "not a log"},
		{[]string{filepath.Join(t.TempDir(), "none")}, exitFailed, "no such file"},
		{[]string{"--why", "three", file}, exitFailed, "STAGE.PARTITION"},
		{[]string{"--why", "77.0", file}, exitFailed, "no job of this log has stage 77"},
		{[]string{"--why", "1.77", file}, exitFailed, "partitions from 0 to 2"},
	} {
		if code, _, errs := call(append([]string{"replay"}, c.args...)...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%v: %d, %q", c.args, code, errs)
		}
	}
}
