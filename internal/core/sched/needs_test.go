package sched

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// TestAShuffleIsNeededWhenSomeWayToItIsNotCached compares with what goes up every way from a shuffle.
func TestAShuffleIsNeededWhenSomeWayToItIsNotCached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(Config{})
		s := &stage{spec: StageSpec{Partitions: 1}}
		ways := func(before int) []int32 {
			return rapid.SliceOfNDistinct(rapid.Int32Range(-1, int32(before-1)), 0, 3, rapid.ID[int32]).Draw(t, "through")
		}
		// Executors 0 and 1 live, 2 does not.
		for e := range ids.ExecutorID(2) {
			c.Step(0, ExecutorRegistered{ID: e, Host: "h", Slots: 1}, nil)
		}
		whole := map[int32]bool{}
		for k := range rapid.IntRange(1, 6).Draw(t, "cached") {
			of := Kept{RDD: ids.RDDID(10 + k), Whole: rapid.IntRange(1, 3).Draw(t, "partitions"), Through: ways(k)}
			whole[int32(k)] = true
			for p := range int32(of.Whole) {
				at := ids.ExecutorID(rapid.IntRange(0, 3).Draw(t, "at"))
				c.Step(0, BlocksChanged{Executor: at, Blocks: []BlockChange{{RDD: of.RDD, Partition: p, There: true}}}, nil)
				whole[int32(k)] = whole[int32(k)] && at < 2
			}
			if len(of.Through) == 0 {
				of.Through = nil
			}
			s.spec.Kept = append(s.spec.Kept, of)
		}
		var up func(through []int32) bool
		up = func(through []int32) bool {
			return through == nil || slices.ContainsFunc(through, func(k int32) bool { return k < 0 || !whole[k] && up(s.spec.Kept[k].Through) })
		}
		var want []ids.ShuffleID
		for p := range rapid.IntRange(1, 4).Draw(t, "shuffles") {
			through := ways(len(s.spec.Kept))
			if len(through) == 0 {
				through = nil
			}
			s.spec.Parents, s.spec.Through = append(s.spec.Parents, ids.ShuffleID(p)), append(s.spec.Through, through)
			if rapid.IntRange(0, 5).Draw(t, "lacked") == 0 {
				s.lacked = append(s.lacked, ids.ShuffleID(p))
			}
			if up(through) || slices.Contains(s.lacked, ids.ShuffleID(p)) {
				want = append(want, ids.ShuffleID(p))
			}
		}
		if !s.spec.throughMakesSense() {
			t.Fatalf("refused: %+v", s.spec)
		}
		if got := c.needs(s); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("needs %v, want %v: %+v, whole %v", got, want, s.spec, whole)
		}
	})
}
