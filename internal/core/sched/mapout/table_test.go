package mapout

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// dumb is a table as a map of sets: for each output that ever was, what is known of it and who holds it.
type dumb map[Name]*known

type known struct {
	on     map[ids.ExecutorID]bool
	bytes  []int64
	digest uint64
}

func (d dumb) at(key Name) *known {
	if d[key] == nil {
		d[key] = &known{on: map[ids.ExecutorID]bool{}}
	}
	return d[key]
}

// add says what becomes of an output that was computed.
func (k *known) add(executor ids.ExecutorID, bytes []int64, digest uint64) Added {
	if len(k.on) > 0 {
		if digest == 0 || k.digest != digest || k.on[executor] {
			return Ignored
		}
		k.on[executor] = true
		return Copied
	}
	was := k.digest
	k.on[executor], k.bytes, k.digest = true, bytes, digest
	if was == 0 || digest == 0 || was == digest {
		return Fresh
	}
	return Changed
}

// copied says whether a copy of an output counts.
func (k *known) copied(from, to ids.ExecutorID, digest uint64) bool {
	same := digest == k.digest && (digest != 0 || k.on[from])
	if !same || k.on[to] {
		return false
	}
	k.on[to] = true
	return true
}

const parts, reduces = 5, 3

func TestTableDoesAsADumbOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, want := New(), dumb{}
		open := map[ids.ShuffleID]bool{}
		shuffle := rapid.Custom(func(t *rapid.T) *Shuffle {
			id := ids.ShuffleID(rapid.IntRange(0, 2).Draw(t, "shuffle"))
			if !open[id] {
				open[id] = true
				return table.Open(id, parts, reduces)
			}
			return table.Find(id)
		})
		executor := rapid.Custom(func(t *rapid.T) ids.ExecutorID { return ids.ExecutorID(rapid.IntRange(0, 3).Draw(t, "executor")) })
		digest := rapid.Uint64Range(0, 2)
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				s, e, m := shuffle.Draw(t, "in"), executor.Draw(t, "on"), rapid.Int32Range(0, parts-1).Draw(t, "map")
				bytes := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), reduces, reduces).Draw(t, "bytes")
				key, d := Name{s.ID(), m}, digest.Draw(t, "digest")
				if got, should := s.Add(m, e, task.PackSizes(bytes), d), want.at(key).add(e, bytes, d); got != should {
					t.Fatalf("Add of %v says %v, want %v", key, got, should)
				}
			},
			"copy": func(t *rapid.T) {
				s, from, to := shuffle.Draw(t, "in"), executor.Draw(t, "from"), executor.Draw(t, "to")
				m, d := rapid.Int32Range(0, parts-1).Draw(t, "map"), digest.Draw(t, "digest")
				if got, should := s.AddCopy(m, from, to, d), want.at(Name{s.ID(), m}).copied(from, to, d); got != should {
					t.Fatalf("AddCopy of %d from %v to %v says %v", m, from, to, got)
				}
			},
			"remove": func(t *rapid.T) {
				s, e, m := shuffle.Draw(t, "in"), executor.Draw(t, "on"), rapid.Int32Range(-1, parts).Draw(t, "map")
				k := want.at(Name{s.ID(), m})
				if s.Remove(m, e) != k.on[e] {
					t.Fatalf("Remove of %v from executor %v, which lies on %v", m, e, k.on)
				}
				delete(k.on, e)
			},
			"void": func(t *rapid.T) {
				s := shuffle.Draw(t, "voided")
				s.Void()
				for m := range int32(parts) {
					k := want.at(Name{s.ID(), m})
					clear(k.on)
					k.digest = 0
				}
			},
			"lose executor": func(t *rapid.T) {
				e := executor.Draw(t, "lost")
				gone := table.RemoveExecutor(e)
				for key, k := range want {
					last := k.on[e] && len(k.on) == 1
					if slices.Contains(gone, key) != last {
						t.Fatalf("%v was on %v and executor %v is lost: %v are gone", key, k.on, e, gone)
					}
					delete(k.on, e)
				}
			},
			"drop": func(t *rapid.T) {
				s := shuffle.Draw(t, "dropped")
				table.Drop(s.ID())
				delete(open, s.ID())
				for m := range int32(parts) {
					delete(want, Name{s.ID(), m})
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
	held := map[ids.ExecutorID]int{}
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
		for m := range int32(parts) {
			w := want.at(Name{id, m})
			compareOutput(t, s, m, w, &in.Outputs[m])
			for e := range w.on {
				held[e]++
			}
			if len(w.on) == 0 {
				missing = append(missing, m)
			}
			for r := range totals {
				totals[r] += in.Outputs[m].Sizes.At(r)
			}
		}
		if !slices.Equal(missing, s.Missing()) || s.Complete() != (missing == nil) || s.Present() != parts-len(missing) || !slices.Equal(totals, s.Totals()) {
			t.Fatalf("shuffle %d misses %v, says %v; complete: %v; totals %v, says %v", id, missing, s.Missing(), s.Complete(), totals, s.Totals())
		}
	}
	for e := range ids.ExecutorID(4) {
		if table.Held(e) != held[e] {
			t.Fatalf("executor %v holds %d outputs, says %d", e, held[e], table.Held(e))
		}
	}
}

func compareOutput(t *rapid.T, s *Shuffle, m int32, w *known, out *task.MapOutput) {
	on := s.Holders(m)
	places := map[ids.ExecutorID]bool{}
	for _, e := range on {
		places[e] = true
	}
	if !maps.Equal(places, w.on) || len(on) != len(w.on) || s.Has(m) != (len(w.on) > 0) || s.Digest(m) != w.digest {
		t.Fatalf("output %d is on %v with digest %d, want %v with %d", m, on, s.Digest(m), w.on, w.digest)
	}
	if len(on) == 0 {
		if out.Sizes.Codes != nil || out.Copies != nil || out.Executor != nowhere {
			t.Fatalf("output %d is nowhere, and readers are told %+v", m, out)
		}
		return
	}
	told := []ids.ExecutorID{out.Executor}
	for _, c := range out.Copies {
		told = append(told, c.Executor)
	}
	if !slices.Equal(told, on) {
		t.Fatalf("output %d is on %v, and readers are told %+v", m, on, out)
	}
	for r, real := range w.bytes {
		if n := out.Sizes.At(r); n < real || float64(n) > 1.1*float64(real)+1 || (n == 0) != (real == 0) || real >= task.ExactFrom && n != real {
			t.Fatalf("%d bytes are told as %d", real, n)
		}
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
		s.Add(m, ids.ExecutorID(m%7), task.PackSizes(bytes), uint64(m)+1)
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
	s.Add(0, 1, task.PackSizes([]int64{10}), 0)
	s.Add(2, 1, task.PackSizes([]int64{20}), 0)
	fmt.Println(s.Missing(), s.Totals())
	fmt.Println(t.RemoveExecutor(1), s.Missing())
	// Output:
	// [1] [30]
	// [{7 0} {7 2}] [0 1 2]
}
