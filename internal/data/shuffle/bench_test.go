package shuffle

import (
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// BenchmarkTinyOutput is what a map task of a two by two shuffle costs: write, commit.
func BenchmarkTinyOutput(b *testing.B) {
	st := newStore(b, Config{MemoryTotal: 1 << 40})
	block := make([]byte, 40)
	b.ReportAllocs()
	m := 0
	for b.Loop() {
		w := st.NewWriter(1, m, 2, ids.TaskID(m), nil)
		w.Append(0, block)
		w.Append(1, block)
		if _, _, err := w.Commit(0); err != nil {
			b.Fatal(err)
		}
		if m++; m == 1000 {
			b.StopTimer()
			st.RemoveShuffle(1)
			m = 0
			b.StartTimer()
		}
	}
}

// BenchmarkThousandByThousand writes and reads a million tiny segments on one executor.
func BenchmarkThousandByThousand(b *testing.B) {
	block := make([]byte, 32)
	b.ReportAllocs()
	for b.Loop() {
		st := newStore(b, Config{})
		in := &task.Input{Shuffle: 1, Reduces: 1000}
		for m := range 1000 {
			w := st.NewWriter(1, m, 1000, ids.TaskID(m), nil)
			for reduce := range 1000 {
				w.Append(reduce, block)
			}
			sizes, _, err := w.Commit(0)
			if err != nil {
				b.Fatal(err)
			}
			in.Outputs = append(in.Outputs, task.MapOutput{Sizes: task.PackSizes(sizes)})
		}
		r := NewReader(ReadConfig{}, 0, st, nil)
		count := 0
		for reduce := range 1000 {
			if _, err := r.Read(b.Context(), Range{Input: in, From: reduce, To: reduce + 1}, func(int, []byte) error { count++; return nil }); err != nil {
				b.Fatal(err)
			}
		}
		if count != 1e6 {
			b.Fatal(count)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/segment")
}

// BenchmarkLarge writes 256 MiB for 64 reduce partitions in blocks of 32 KiB, all of it in memory until the commit, or spilled in runs.
func BenchmarkLarge(b *testing.B) {
	for name, limit := range map[string]int64{"memory": 1 << 40, "spilled64MiB": 64 << 20} {
		b.Run("write/"+name, func(b *testing.B) {
			b.SetBytes(256 << 20)
			for b.Loop() {
				st := newStore(b, Config{})
				writeLarge(b, st, limit)
				st.Close()
			}
		})
	}
	b.Run("read/local", func(b *testing.B) {
		st := newStore(b, Config{})
		in := &task.Input{Shuffle: 1, Reduces: 64, Outputs: []task.MapOutput{{Sizes: task.PackSizes(writeLarge(b, st, 1<<40))}}}
		r := NewReader(ReadConfig{}, 0, st, nil)
		b.SetBytes(256 << 20)
		for b.Loop() {
			if _, err := r.Read(b.Context(), Range{Input: in, To: 64}, func(int, []byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func writeLarge(b *testing.B, st *Store, limit int64) []int64 {
	block := make([]byte, 32<<10)
	w := st.NewWriter(1, 0, 64, 0, &allowance{limit: limit})
	for i := range 256 << 20 / len(block) {
		if err := w.Append(i*7%64, block); err != nil {
			b.Fatal(err)
		}
	}
	sizes, _, err := w.Commit(0)
	if err != nil {
		b.Fatal(err)
	}
	return sizes
}

// BenchmarkElsewhere reads what lies at three other executors, whose answers come at once: what is measured is the reader's own.
func BenchmarkElsewhere(b *testing.B) {
	for _, size := range []struct {
		name       string
		maps, each int
	}{{"tiny", 1000, 32}, {"large", 100, 1 << 20}} {
		b.Run(size.name, func(b *testing.B) {
			block := string(make([]byte, size.each))
			c := newCluster(b, 4, size.maps, 1, Config{MemoryTotal: 1 << 40, MemoryEach: 1 << 40}, func(int) []entry { return []entry{{0, block}} })
			r := c.reader(ReadConfig{})
			b.ReportAllocs()
			b.SetBytes(int64(size.maps * size.each))
			for b.Loop() {
				if _, err := r.Read(b.Context(), Range{Input: c.in, To: 1}, func(int, []byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
				c.net.requests = nil
			}
		})
	}
}
