package sim

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The dumb second version keeps every duration.
func TestASpreadIsNearToWhatTheListSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.Int64Range(0, math.MaxInt64>>rapid.IntRange(8, 63).Draw(t, "shift")).Draw(t, "d"))
		}), 1, 200).Draw(t, "list")
		var s Spread
		total := time.Duration(0)
		for _, d := range list {
			s.add(d)
			total += d
		}
		slices.Sort(list)
		if s.Count != len(list) || s.Most != list[len(list)-1] || s.Mean() != total/time.Duration(len(list)) {
			t.Fatalf("%d of mean %v, at most %v; the list is %v", s.Count, s.Mean(), s.Most, list)
		}
		rank := rapid.IntRange(1, len(list)).Draw(t, "rank")
		part := float64(rank) / float64(len(list))
		if part*float64(len(list)) != float64(rank) {
			return // a quantile between two of them: which one it is, rounding decides
		}
		exact := list[rank-1]
		if got := s.Quantile(part); got < exact || float64(got) > float64(exact)*(1+1.0/16) {
			t.Fatalf("quantile %v is %v, and exactly %v of %v", part, got, exact, list)
		}
	})
}

func TestTheLongestAndTheShortestDurationsHaveTheirPlace(t *testing.T) {
	var s Spread
	if s.Quantile(0.5) != 0 || s.Mean() != 0 {
		t.Errorf("nothing has the median %v and the mean %v", s.Quantile(0.5), s.Mean())
	}
	s.add(-5)
	s.add(math.MaxInt64)
	if s.Quantile(0.5) != 0 || s.Quantile(1) != math.MaxInt64 {
		t.Errorf("from %v to %v", s.Quantile(0.5), s.Quantile(1))
	}
}
