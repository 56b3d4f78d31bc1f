package sim

import (
	"flag"
	"testing"
)

var seed = flag.Int64("sim.seed", -1, "play this seed only, and tell what happens")
var seeds = flag.Int("sim.seeds", 1000, "how many seeds TestSeeds plays; with -short a third of them")

func TestSeeds(t *testing.T) {
	if *seed >= 0 {
		r, err := Run(Random(uint64(*seed)))
		t.Logf("%+v\n%+v", Random(uint64(*seed)), r)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	var total Report
	played := *seeds
	if testing.Short() {
		played /= 3
	}
	for s := range played {
		r, err := Run(Random(uint64(s)))
		if err != nil {
			t.Fatalf("seed %d: %v\nreplay: go test ./internal/core/sim -run TestSeeds -v -sim.seed=%d", s, err, s)
		}
		total.Took += r.Took
		total.Steps += r.Steps
		total.Actions += r.Actions
		total.Completed += r.Completed
		total.Failed += r.Failed
	}
	t.Logf("%d seeds, %v of virtual time, %d events, %d actions, %d jobs completed, %d failed", played, total.Took, total.Steps, total.Actions, total.Completed, total.Failed)
	if total.Completed == 0 || total.Failed == 0 {
		t.Fatalf("the scenarios are one-sided: %+v", total)
	}
}

func TestTheSameSeedGivesTheSameActions(t *testing.T) {
	for s := range uint64(20) {
		a, err := Run(Random(s))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := Run(Random(s))
		if a != b {
			t.Fatalf("seed %d gives %+v and then %+v", s, a, b)
		}
	}
}
