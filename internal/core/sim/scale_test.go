package sim

import (
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
	s.Losses, s.Fail, s.Slow, s.Placed = 8, 0.02, 0.1, 0.5
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

func TestACostIsBelowItsPower(t *testing.T) {
	var c Cost
	for range 99 {
		c.add(1000)
	}
	c.add(5000)
	if c.Below(0.5) != 1024 || c.Below(0.99) != 1024 || c.Below(1) != 8192 || c.Mean() != 1040 || c.Most != 5000 {
		t.Errorf("%v %v %v %v", c.Below(0.5), c.Below(0.99), c.Below(1), c.Mean())
	}
}
