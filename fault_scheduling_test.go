package kiln_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

const twoPools = `<allocations>
  <pool name="nightly"><schedulingMode>FIFO</schedulingMode><weight>1</weight><minShare>1</minShare></pool>
  <pool name="people"><schedulingMode>FAIR</schedulingMode><weight>3</weight></pool>
</allocations>`

func fileOf(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pools.xml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestSchedulingMistakesAreSaidBeforeAnythingStarts: one clear error each.
func TestSchedulingMistakesAreSaidBeforeAnythingStarts(t *testing.T) {
	for name, c := range map[string]struct {
		set  []kiln.Option
		want []string
	}{
		"no such mode":        {[]kiln.Option{kiln.Set("kiln.scheduler.mode", "LIFO")}, []string{"kiln.scheduler.mode", "LIFO", "FAIR"}},
		"a file without FAIR": {[]kiln.Option{kiln.Set("kiln.scheduler.allocation.file", "pools.xml")}, []string{"pools.xml", "kiln.scheduler.mode"}},
		"no such file": {[]kiln.Option{kiln.Set("kiln.scheduler.mode", "FAIR"), kiln.Set("kiln.scheduler.allocation.file", "/none/pools.xml")},
			[]string{"kiln.scheduler.allocation.file", "/none/pools.xml", "no such file"}},
		"a malformed file": {[]kiln.Option{kiln.Set("kiln.scheduler.mode", "FAIR"), kiln.Set("kiln.scheduler.allocation.file", fileOf(t, "<allocations>\n<pool name='a'><weight>heavy</weight></pool>\n</allocations>"))},
			[]string{"pools.xml", "2", "weight", "heavy"}},
		"a negative wait":                {[]kiln.Option{kiln.Set("kiln.locality.wait", "-1s")}, []string{"kiln.locality.wait", "-1s"}},
		"too many partitions":            {[]kiln.Option{kiln.Set("kiln.default.parallelism", "1048577")}, []string{"kiln.default.parallelism", "between 0 and 1048576"}},
		"limits that clash":              {[]kiln.Option{kiln.Master("local[2,4]"), kiln.Set("kiln.excludeOnFailure.enabled", "true"), kiln.Set("kiln.excludeOnFailure.task.maxTaskAttemptsPerNode", "9")}, []string{"kiln.excludeOnFailure"}},
		"a quantile above all":           {[]kiln.Option{kiln.Set("kiln.speculation.quantile", "1.5")}, []string{"kiln.speculation.quantile", "1.5"}},
		"slow from less than the median": {[]kiln.Option{kiln.Set("kiln.speculation.multiplier", "0.5")}, []string{"kiln.speculation.multiplier", "0.5"}},
		"a check all the time":           {[]kiln.Option{kiln.Set("kiln.speculation.interval", "0")}, []string{"kiln.speculation.interval", "0"}},
		"no rate is slow":                {[]kiln.Option{kiln.Set("kiln.speculation.efficiency.processRateMultiplier", "0")}, []string{"processRateMultiplier", "0"}},
		"a record in no place":           {[]kiln.Option{kiln.Set("kiln.sched.record", "/none/run.sched")}, []string{"kiln.sched.record", "/none/run.sched"}},
		"neither yes nor no":             {[]kiln.Option{kiln.Set("kiln.excludeOnFailure.killExcludedExecutors.decommission", "gently")}, []string{"killExcludedExecutors.decommission", "gently"}},
	} {
		s, err := kiln.Open(context.Background(), append([]kiln.Option{kiln.Master("local")}, c.set...)...)
		if err == nil {
			t.Errorf("%s: no error", name)
			_ = s.Close()
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is missing in: %v", name, w, err)
			}
		}
	}
}

func TestTwoSessionsDoNotRecordIntoOneFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.sched")
	if err := os.WriteFile(file, []byte("an old log that is longer than what comes now"), 0o600); err != nil {
		t.Fatal(err)
	}
	record := func() (*kiln.Session, error) {
		return kiln.Open(t.Context(), kiln.Master("local[1]"), kiln.Set("kiln.sched.record", file))
	}
	first, err := record()
	if err != nil {
		t.Fatal(err)
	}
	if s, err := record(); err == nil {
		t.Error("the second session records too")
		_ = s.Close()
	} else {
		wantWords(t, err, "kiln.sched.record", "another program records into it")
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	again, err := record()
	if err != nil {
		t.Fatalf("the file is not free again: %v", err)
	}
	_ = again.Close()
	if log, err := os.ReadFile(file); err != nil || bytes.Contains(log, []byte("an old log")) {
		t.Errorf("the old log is there: %q, %v", log, err)
	}
}

func TestOpeningEndsWithItsContext(t *testing.T) {
	script := filepath.Join(t.TempDir(), "discover")
	started := script + ".started"
	if err := os.WriteFile(script, []byte("#!/bin/sh\n: > "+started+"\nexec sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for {
			if _, err := os.Stat(started); err == nil {
				cancel(errEnough)
				return
			}
			runtime.Gosched()
		}
	}()
	s, err := kiln.Open(ctx, kiln.Master("local[1]"), kiln.Set("kiln.executor.resource.gpu.discoveryScript", script))
	if s != nil || !errors.Is(err, errEnough) {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestPoolsOfAFileAreServedAndOthersRefused(t *testing.T) {
	s, err := kiln.Open(t.Context(), kiln.Master("local[2]"), kiln.Set("kiln.scheduler.mode", "FAIR"), kiln.Set("kiln.scheduler.allocation.file", fileOf(t, twoPools)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, pool := range []string{"", "nightly", "people"} {
		ctx := t.Context()
		if pool != "" {
			ctx = kiln.WithPool(ctx, pool)
		}
		if n, err := kiln.Range(s, 0, 100, 1, 8).Count(ctx); err != nil || n != 100 {
			t.Errorf("pool %q: %d, %v", pool, n, err)
		}
	}
	_, err = kiln.Range(s, 0, 100, 1, 8).Count(kiln.WithPool(t.Context(), "nobody"))
	var f *kiln.JobError
	if !errors.As(err, &f) || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("an unknown pool: %v", err)
	}
}

// A task fails, and may go nowhere: not where it failed, and not to who comes there.
func TestATaskThatMayGoNowhereKeepsItsError(t *testing.T) {
	s, err := kiln.Open(t.Context(), kiln.Master("local[1,4]"), kiln.Set("kiln.excludeOnFailure.enabled", "true"), kiln.Set("kiln.excludeOnFailure.task.maxTaskAttemptsPerNode", "1"),
		kiln.Set("kiln.scheduler.excludeOnFailure.unschedulableTaskSetTimeout", "50ms"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = kiln.Map(kiln.Range(s, 0, 1, 1), failSentinel).Count(t.Context())
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v is not io.ErrUnexpectedEOF", err)
	}
	wantWords(t, err, "may go to none of the executors", "reading 0: unexpected EOF", "made room for another one", "kiln.scheduler.excludeOnFailure.unschedulableTaskSetTimeout", "fault_task_test.go")
}
