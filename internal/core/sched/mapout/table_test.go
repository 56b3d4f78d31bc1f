package mapout

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// dumb is a table that keeps nothing but where each output lies and how large it is.
type dumb map[Lost]struct {
	executor ids.ExecutorID
	bytes    []int64
}

const maps, reduces = 5, 3

func TestTableDoesAsADumbOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, want := New(), dumb{}
		open := map[ids.ShuffleID]bool{}
		shuffle := rapid.Custom(func(t *rapid.T) *Shuffle {
			id := ids.ShuffleID(rapid.IntRange(0, 2).Draw(t, "shuffle"))
			if !open[id] {
				open[id] = true
				return table.Open(id, maps, reduces)
			}
			return table.Find(id)
		})
		executor := rapid.Custom(func(t *rapid.T) ids.ExecutorID { return ids.ExecutorID(rapid.IntRange(0, 3).Draw(t, "executor")) })
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				s, e, m := shuffle.Draw(t, "in"), executor.Draw(t, "on"), rapid.Int32Range(0, maps-1).Draw(t, "map")
				bytes := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), reduces, reduces).Draw(t, "bytes")
				key := Lost{s.ID(), m}
				_, had := want[key]
				if s.Add(m, e, bytes) == had {
					t.Fatalf("Add of %v says %v", key, !had)
				}
				if !had {
					want[key] = struct {
						executor ids.ExecutorID
						bytes    []int64
					}{e, bytes}
				}
			},
			"remove": func(t *rapid.T) {
				s, e, m := shuffle.Draw(t, "in"), executor.Draw(t, "on"), rapid.Int32Range(-1, maps).Draw(t, "map")
				key := Lost{s.ID(), m}
				at, had := want[key]
				if s.Remove(m, e) != (had && at.executor == e) {
					t.Fatalf("Remove of %v from executor %v, which lies on %v", key, e, at.executor)
				}
				if had && at.executor == e {
					delete(want, key)
				}
			},
			"lose executor": func(t *rapid.T) {
				e := executor.Draw(t, "lost")
				lost := table.RemoveExecutor(e)
				for _, l := range lost {
					if want[l].executor != e || want[l].bytes == nil {
						t.Fatalf("%v is lost with executor %v", l, e)
					}
					delete(want, l)
				}
			},
			"drop": func(t *rapid.T) {
				s := shuffle.Draw(t, "dropped")
				table.Drop(s.ID())
				delete(open, s.ID())
				for m := range int32(maps) {
					delete(want, Lost{s.ID(), m})
				}
			},
			"": func(t *rapid.T) { compare(t, table, want, open) },
		})
	})
}

func compare(t *rapid.T, table *Table, want dumb, open map[ids.ShuffleID]bool) {
	if err := table.Check(); err != nil {
		t.Fatal(err)
	}
	for id := range ids.ShuffleID(3) {
		s := table.Find(id)
		if (s != nil) != open[id] {
			t.Fatalf("shuffle %d is open: %v", id, s != nil)
		}
		if s == nil {
			continue
		}
		var missing []int32
		in, totals := s.Input(), make([]int64, reduces)
		for m := range int32(maps) {
			w, had := want[Lost{id, m}]
			e, there := s.Where(m)
			if there != had || had && e != w.executor || had && in.Outputs[m].Executor != e {
				t.Fatalf("output %d of shuffle %d is on %v (%v), want %v (%v)", m, id, e, there, w.executor, had)
			}
			if !had {
				missing = append(missing, m)
			}
			for r, n := range in.Outputs[m].Sizes {
				totals[r] += n
				if real := w.bytes[r]; n < real || float64(n) > 1.1*float64(real)+1 || (n == 0) != (real == 0) || real >= exactFrom && n != real {
					t.Fatalf("%d bytes are told as %d", real, n)
				}
			}
		}
		if !slices.Equal(missing, s.Missing()) || s.Complete() != (missing == nil) || s.Present() != maps-len(missing) || !slices.Equal(totals, s.Totals()) {
			t.Fatalf("shuffle %d misses %v, says %v; complete: %v; totals %v, says %v", id, missing, s.Missing(), s.Complete(), totals, s.Totals())
		}
	}
}

func TestEveryStepIsAtMostATenthAboveTheOneBefore(t *testing.T) {
	for i := 2; i < len(steps); i++ {
		if d := steps[i] - steps[i-1]; d < 1 || d > max(1, steps[i-1]/10) {
			t.Errorf("step %d is %d, the one before %d", i, steps[i], steps[i-1])
		}
		if got := encode(steps[i]); int(got) != i {
			t.Errorf("%d bytes are step %d, want %d", steps[i], got, i)
		}
	}
	if last := steps[255]; last < 30<<30 {
		t.Errorf("one byte says at most %d", last)
	}
}

func TestAThousandByAThousandOutputsTakeAboutAMegabyte(t *testing.T) {
	bytes := make([]int64, 1000)
	for i := range bytes {
		bytes[i] = int64(i * 100)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := New()
	s := table.Open(0, 1000, 1000)
	for m := range int32(1000) {
		s.Add(m, ids.ExecutorID(m%7), bytes)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 1_300_000 {
		t.Errorf("%d bytes", used)
	}
	runtime.KeepAlive(table)
}

func ExampleShuffle_Missing() {
	t := New()
	s := t.Open(7, 3, 1)
	s.Add(0, 1, []int64{10})
	s.Add(2, 1, []int64{20})
	fmt.Println(s.Missing(), s.Totals())
	fmt.Println(t.RemoveExecutor(1), s.Missing())
	// Output:
	// [1] [30]
	// [{7 0} {7 2}] [0 1 2]
}
