package block

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// TestWhatIsStoredIsReadBackOrGone runs random orders against a map that knows what each block must hold if it is there at all.
func TestWhatIsStoredIsReadBackOrGone(t *testing.T) {
	dirs := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(dirs, "run")
		if err != nil {
			rt.Fatal(err)
		}
		limit := mem.Bytes(rapid.IntRange(1, 60<<10).Draw(rt, "limit"))
		acc := &account{ledger: mem.New(limit, limit/2)}
		s, err := Open(Config{Dir: filepath.Join(dir, "blocks"), Memory: acc})
		if err != nil {
			rt.Fatal(err)
		}
		r := &rig{Store: s, account: acc}
		want := map[ids.BlockID]string{}
		pinned := map[ids.BlockID]*Entry{}
		version := 0
		block := rapid.Custom(func(t *rapid.T) ids.BlockID {
			return ids.RDD(ids.RDDID(rapid.IntRange(0, 2).Draw(t, "rdd")), rapid.IntRange(0, 3).Draw(t, "partition"))
		})
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				id := block.Draw(rt, "id")
				level := rapid.SampledFrom([]Level{MemoryOnly, MemoryEncoded, MemoryAndDisk, MemoryAndDiskEncoded, DiskOnly}).Draw(rt, "level")
				version++
				content := fmt.Sprintf("%0*d", rapid.IntRange(1, 40<<10).Draw(rt, "length"), version)
				had := s.Has(id)
				stored, err := s.Put(id, text(content, int64(len(content))), level)
				if err != nil || !stored && level.Disk() {
					rt.Fatalf("%v at %v: %v, %v", id, level, stored, err)
				}
				if stored && !had {
					want[id] = content
				}
			},
			"adopt": func(rt *rapid.T) {
				id := block.Draw(rt, "id")
				level := rapid.SampledFrom([]Level{MemoryOnly, MemoryAndDisk, DiskOnly}).Draw(rt, "level")
				version++
				content, had, before := fmt.Sprintf("%0*d", rapid.IntRange(1, 40<<10).Draw(rt, "length"), version), s.Has(id), len(s.blocks)
				stored, err := s.Adopt(id, []byte(content), level)
				if err != nil || !stored && level.Disk() || len(s.blocks) < before {
					rt.Fatalf("%v at %v: %v, %v, of %d blocks %d are left", id, level, stored, err, before, len(s.blocks))
				}
				if stored && !had {
					want[id] = content
				}
			},
			"get": func(rt *rapid.T) {
				id := block.Draw(rt, "id")
				if content, where := r.read(t, id); where != "nothing" && content != want[id] {
					rt.Fatalf("%v: %.20q in %s, want %.20q", id, content, where, want[id])
				}
			},
			"pin": func(rt *rapid.T) {
				id := block.Draw(rt, "id")
				if e, ok := s.Get(id); ok && pinned[id] == nil {
					pinned[id] = e
				} else if ok {
					e.Release()
				}
			},
			"release": func(rt *rapid.T) {
				id := block.Draw(rt, "id")
				if e := pinned[id]; e != nil {
					e.Release()
					delete(pinned, id)
				}
			},
			"promote": func(rt *rapid.T) {
				id := block.Draw(rt, "id")
				s.Promote(id, text(want[id], int64(len(want[id]))))
			},
			"evict":     func(rt *rapid.T) { s.Evict(int64(rapid.IntRange(1, int(limit)).Draw(rt, "n"))) },
			"remove":    func(rt *rapid.T) { s.Remove(block.Draw(rt, "id")) },
			"removeRDD": func(rt *rapid.T) { s.RemoveRDD(ids.RDDID(rapid.IntRange(0, 2).Draw(rt, "rdd"))) },
			"": func(rt *rapid.T) {
				var listed int64
				for b := s.recent.first; b != nil; b = b.next {
					listed += b.held
				}
				var extra int64 // of removed blocks that are still read
				for _, e := range pinned {
					if e.block.removed {
						extra += e.block.held
					}
				}
				if got := int64(acc.used()); got != listed+extra {
					rt.Fatalf("%d bytes accounted, %d held, %d held by readers of removed blocks", got, listed, extra)
				}
			},
		})
		for _, e := range pinned {
			e.Release()
		}
		if err := s.Close(); err != nil {
			rt.Fatal(err)
		}
		if acc.used() != 0 {
			rt.Fatalf("%d bytes left", acc.used())
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			rt.Fatalf("left %v", left)
		}
	})
}

func TestManyGoroutinesAtOnce(t *testing.T) {
	broken := errors.New("broken disk")
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(1, 2))
	r := newRig(t, 2000, disk.Options{Fault: func(disk.Op, string, int) error {
		mu.Lock()
		defer mu.Unlock()
		if chance.IntN(20) == 0 {
			return broken
		}
		return nil
	}})
	var wg sync.WaitGroup
	for worker := range uint64(6) {
		wg.Go(func() {
			chance := rand.New(rand.NewPCG(worker, 1))
			for range 300 {
				id := ids.RDD(ids.RDDID(chance.IntN(3)), chance.IntN(4))
				content := fmt.Sprint(id)
				level := []Level{MemoryOnly, MemoryAndDisk, DiskOnly}[id.A]
				switch chance.IntN(8) {
				case 0:
					r.Remove(id)
				case 1:
					r.Evict(int64(chance.IntN(1000)))
				case 3:
					r.Promote(id, text(content, 400))
				case 2:
					r.RemoveRDD(ids.RDDID(id.A))
				default:
					e, computed, err := r.GetOrCompute(t.Context(), id, level, func() (Value, error) { return text(content, 400), nil })
					if err != nil && !errors.Is(err, broken) {
						t.Error(err)
					}
					if err == nil && !computed {
						if e.Rows != nil && e.Rows.([]string)[0] != content {
							t.Errorf("%v holds %v", id, e.Rows)
						}
						e.Release()
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkGet(b *testing.B) {
	r := newRig(b, 1<<30, disk.Options{})
	for p := range 1000 {
		r.put(b, ids.RDD(1, p), text("row", 100), MemoryOnly)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		e, _ := r.Get(ids.RDD(1, n%1000))
		e.Release()
		n++
	}
}
