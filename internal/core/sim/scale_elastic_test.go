package sim

import (
	"testing"
	"time"

	"github.com/kilnproject/kiln/internal/core/alloc"
)

// Executors that come and go, and are lost, cost time and no job.
func TestElasticExecutorsCompleteEveryJob(t *testing.T) {
	for seed := range uint64(30) {
		s := small()
		s.Seed, s.Sched.Seed = seed, seed
		s.Kills, s.Fail = int(seed%4), 0.01
		s.Elastic = &alloc.Config{
			Max: s.Executors, Min: int(seed % 3), Ratio: []float64{1, 0.5}[seed%2], Backlog: 100 * time.Millisecond, Sustained: 200 * time.Millisecond,
			Idle: time.Duration(seed%3) * 100 * time.Millisecond, ShuffleIdle: time.Duration(seed%5) * time.Second, TrackShuffles: true,
		}
		r, err := RunScale(s, still)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		most := 0.0
		for _, n := range r.There.Slots() {
			most = max(most, n)
		}
		if r.Jobs != s.Jobs || r.Makespan < r.Bound+startTime || most > float64(s.Executors*s.Slots)*1.0001 {
			t.Errorf("seed %d: %d jobs in %v, bound %v, at most %v slots", seed, r.Jobs, r.Makespan, r.Bound, most)
		}
	}
}

func TestJobsThatDoNotEndAreToldOf(t *testing.T) {
	s := small()
	s.Elastic = &alloc.Config{Ratio: 1} // at most none
	if r, err := RunScale(s, still); err == nil {
		t.Errorf("all jobs were completed without executors: %+v", r)
	}
}
