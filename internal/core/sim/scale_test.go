package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// still is a clock that does not go.
func still() time.Duration { return 0 }

func small() Scale {
	return Scale{
		Seed: 1, Sched: sched.Config{Seed: 1, Ahead: 4}, Executors: 20, Slots: 2, Hosts: 5, Jobs: 3, Tasks: 3000,
		Task: 100 * time.Millisecond, Delay: time.Millisecond,
	}
}

func TestWithoutFaultsTheMakespanIsNearTheBound(t *testing.T) {
	r, err := RunScale(small(), still)
	if err != nil {
		t.Fatal(err)
	}
	if r.Makespan < r.Bound || r.Makespan > r.Bound*12/10 || r.Failures != 0 || r.Launches < 3000 {
		t.Errorf("got %+v", r)
	}
	sum := 0.0
	for i, n := range r.Busy.Slots() {
		if n < 0 || n > 40.001 {
			t.Errorf("%v slots were busy in span %d", n, i)
		}
		sum += n * float64(r.Busy.Span)
	}
	if work := float64(r.Bound) * 40; sum < work*0.99 || sum > work*1.05 {
		t.Errorf("slots were busy for %v in all, the work is %v", time.Duration(sum), time.Duration(work))
	}
}

func TestFaultsCostTimeAndNoJob(t *testing.T) {
	s := small()
	s.Kills, s.Fail, s.Slow, s.Placed = 8, 0.02, 0.1, 0.5
	r, err := RunScale(s, still)
	if err != nil {
		t.Fatal(err)
	}
	if r.Jobs != 3 || r.Failures < 30 || r.Levels[0] < r.Levels[1] || r.Levels[2] == 0 {
		t.Errorf("got %+v", r)
	}
	again, err := RunScale(s, still)
	if err != nil || again.Hash != r.Hash || again.Makespan != r.Makespan {
		t.Errorf("the same seed gives %x and %x", r.Hash, again.Hash)
	}
	s.Seed = 2
	if other, err := RunScale(s, still); err != nil || other.Hash == r.Hash {
		t.Errorf("another seed gives the same, %x, or %v", other.Hash, err)
	}
}

func TestCopiesMakeUpForSlowExecutors(t *testing.T) {
	s := small()
	s.Slow, s.Slowness = 0.15, 20
	slow, err := RunScale(s, still)
	if err != nil {
		t.Fatal(err)
	}
	s.Sched.Speculation.Enabled = true
	r, err := RunScale(s, still)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Copies; c.Won == 0 || c.Won > c.Copies || c.Wasted == 0 || slow.Copies.Copies != 0 || r.Makespan > slow.Makespan*3/4 {
		t.Errorf("with copies %v (%+v), without %v", r.Makespan, c, slow.Makespan)
	}
}

// Slow executors get tasks again when theirs were killed: there are more copies than there are slots.
func TestAKilledTaskFreesItsSlot(t *testing.T) {
	s := small()
	s.Slow, s.Slowness, s.Tasks = 0.3, 20, 20000
	s.Sched.Speculation.Enabled = true
	if r, err := RunScale(s, still); err != nil || r.Copies.Copies <= s.Executors*s.Slots {
		t.Errorf("%+v, %v", r.Copies, err)
	}
}

func TestWhereNoExecutorIsSlowCopiesAreFew(t *testing.T) {
	s := small()
	s.Sched.Speculation.Enabled = true
	r, err := RunScale(s, still)
	if err != nil {
		t.Fatal(err)
	}
	if r.Copies.Copies > 3000/100 {
		t.Errorf("%d copies of 3000 tasks", r.Copies.Copies)
	}
}

// Each fault alone costs time and no job, and is seen in the report; the same seed gives the same.
func TestEachFaultCostsTimeAndNoJob(t *testing.T) {
	quiet, err := RunScale(small(), still)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		faults ScaleFaults
		seen   func(r ScaleReport) bool
	}{
		"kills":          {ScaleFaults{Kills: 5}, func(r ScaleReport) bool { return r.Failures >= 5 }},
		"drains":         {ScaleFaults{Drains: 5, DrainTime: time.Second}, func(r ScaleReport) bool { return r.Steps > quiet.Steps }},
		"slow drains":    {ScaleFaults{Drains: 5}, func(r ScaleReport) bool { return r.Moved > 50 && r.Failures == 0 && r.Launches == quiet.Launches }},
		"disk losses":    {ScaleFaults{DiskLosses: 5}, func(r ScaleReport) bool { return r.Launches > quiet.Launches+100 && r.Failures > 0 }},
		"slow joiners":   {ScaleFaults{SlowJoin: 5 * time.Second}, func(r ScaleReport) bool { return r.Failures == 0 && r.Wait.Most > quiet.Wait.Most+time.Second }},
		"jitter":         {ScaleFaults{Jitter: 50 * time.Millisecond}, func(r ScaleReport) bool { return r.Failures == 0 && r.Makespan > quiet.Makespan }},
		"duplication":    {ScaleFaults{Twice: 0.5}, func(r ScaleReport) bool { return r.Failures == 0 && r.Steps > quiet.Steps*13/10 }},
		"loss":           {ScaleFaults{Lose: 0.002}, func(r ScaleReport) bool { return r.Failures > 0 }},
		"partition":      {ScaleFaults{Partitions: 2, PartitionTime: 4 * time.Second}, func(r ScaleReport) bool { return r.Failures == 0 && r.Makespan > quiet.Makespan+time.Second }},
		"long partition": {ScaleFaults{Partitions: 2, PartitionTime: time.Minute}, func(r ScaleReport) bool { return r.Launches > quiet.Launches && r.Makespan < 50*time.Second }},
	} {
		s := small()
		s.ScaleFaults, s.Sched.MaxStageAttempts = c.faults, 10
		if s.Partitions > 0 {
			s.Sched.Silence = 20 * time.Second
		}
		r, err := RunScale(s, still)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Jobs != s.Jobs || !c.seen(r) {
			t.Errorf("%s: %d jobs in %v after %d launches, %d failures, %d steps, waits %v; without %v, %d, %d, %d, %v", name,
				r.Jobs, r.Makespan, r.Launches, r.Failures, r.Steps, r.Wait.Most, quiet.Makespan, quiet.Launches, quiet.Failures, quiet.Steps, quiet.Wait.Most)
		}
		if again, err := RunScale(s, still); err != nil || again.Hash != r.Hash {
			t.Errorf("%s: the same seed gives %x and %x, %v", name, r.Hash, again.Hash, err)
		}
	}
}

func TestAllFaultsAtOnceCostNoJob(t *testing.T) {
	for seed := range uint64(40) {
		s := small()
		s.Seed, s.Sched.Seed, s.Sched.Silence, s.Sched.Speculation.Enabled = seed, seed, 20*time.Second, seed%2 == 0
		s.Slow, s.Fail, s.Placed, s.Sched.MaxStageAttempts = 0.1, 0.01, 0.5, 20
		s.ScaleFaults = ScaleFaults{
			Kills: 3, Drains: 3, DrainTime: Time(seed%3) * time.Second, DiskLosses: 2, SlowJoin: time.Second,
			Jitter: 20 * time.Millisecond, Twice: 0.1, Lose: 0.0005, Partitions: 2, PartitionTime: Time(seed%4) * 8 * time.Second,
		}
		if r, err := RunScale(s, still); err != nil || r.Jobs != s.Jobs {
			t.Errorf("seed %d: %d jobs, %v", seed, r.Jobs, err)
		}
	}
}

// Of one task after another on one slot each one waits for those before it.
func TestWaitingAndRunningAreTold(t *testing.T) {
	s := Scale{Seed: 1, Executors: 1, Slots: 1, Hosts: 1, Jobs: 1, Tasks: 100, Task: time.Second, Delay: time.Millisecond}
	r, err := RunScale(s, still)
	if err != nil {
		t.Fatal(err)
	}
	if r.Run.Count != 100 || r.Wait.Count != 100 || r.Run.Total < r.Bound || r.Run.Most > 3*s.Task/2 {
		t.Errorf("%d ran for %v in all, at most %v; %d waited; the bound is %v", r.Run.Count, r.Run.Total, r.Run.Most, r.Wait.Count, r.Bound)
	}
	// The map task in the middle waits for about half of the others, the last one for nearly all; the reduce task for nobody.
	if half := r.Wait.Quantile(0.5); half < r.Makespan*4/10 || half > r.Makespan*6/10 || r.Wait.Most < r.Makespan*9/10 || r.Wait.Quantile(0.01) > 10*time.Millisecond {
		t.Errorf("half of them wait up to %v, one %v; the last job ends after %v", half, r.Wait.Most, r.Makespan)
	}
}

func TestATaskThatRunsAgainWaitsSinceItFailed(t *testing.T) {
	s := small()
	s.Jobs, s.Tasks, s.Fail = 1, 30, 0.3 // fewer tasks than slots: only messages take time
	s.Sched.MaxFailures = 100
	r, err := RunScale(s, still)
	if err != nil {
		t.Fatal(err)
	}
	if r.Wait.Count != r.Launches || r.Launches < 35 || r.Wait.Most > 3*s.Delay {
		t.Errorf("%d of %d attempts waited up to %v", r.Wait.Count, r.Launches, r.Wait.Most)
	}
}

func TestAJobThatFailsIsToldOf(t *testing.T) {
	s := small()
	s.Fail = 1
	if r, err := RunScale(s, still); err == nil || r.Failed != s.Jobs || !strings.Contains(err.Error(), "the function failed") {
		t.Errorf("%d failed: %v", r.Failed, err)
	}
}
