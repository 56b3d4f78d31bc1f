package mapout

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

func TestLargeGivesWhoHoldsAPartOfAReducePartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New().Open(1, parts, reduces)
		sizes := make([][]int64, parts)
		on := make([]ids.ExecutorID, parts)
		for m := range sizes {
			sizes[m] = rapid.SliceOfN(rapid.SampledFrom([]int64{0, 1, 2, 3, 8}), reduces, reduces).Draw(t, "bytes") // are told exactly
			on[m] = ids.ExecutorID(rapid.IntRange(0, 2).Draw(t, "on"))
			if s.Large(0.2) != nil {
				t.Fatal("an incomplete shuffle says where it lies")
			}
			s.Add(int32(m), on[m], task.PackSizes(sizes[m]), 0)
		}
		part := rapid.SampledFrom([]float64{0.2, 0.5, 1}).Draw(t, "part")
		got := s.Large(part)
		for r := range reduces {
			var all int64
			held := map[ids.ExecutorID]int64{}
			for m := range sizes {
				all += sizes[m][r]
				held[on[m]] += sizes[m][r]
			}
			for e := range ids.ExecutorID(3) {
				want := held[e] > 0 && float64(held[e]) >= part*float64(all)
				if slices.Contains(got[r], e) != want {
					t.Fatalf("executor %d holds %d of %d bytes of partition %d; those with a part of %g are said to be %v", e, held[e], all, r, part, got[r])
				}
			}
		}
	})
}

func TestLargeDoesNotLookAtManyPartitions(t *testing.T) {
	s := New().Open(1, 1, mostNear)
	s.Add(0, 0, task.PackSizes(make([]int64, mostNear)), 0)
	if s.Large(0.2) != nil {
		t.Error("it looked")
	}
}
