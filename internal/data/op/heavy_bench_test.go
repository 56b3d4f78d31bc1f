package op

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// benchSink counts rows and keeps none.
type benchSink[T any] struct{ n int }

func (s *benchSink[T]) push(rows []T) error { s.n += len(rows); return nil }

func (s *benchSink[T]) sink() *Sink { return sinkOf(s.push) }

// perRow reports nanoseconds per row.
func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

func push[T any](b *testing.B, sink *Sink, rows []T) {
	push, err := sink.taking(TypeOf[T]())
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < len(rows); from += BatchRows {
		if err := pushTo(push, rows[from:min(from+BatchRows, len(rows))]); err != nil {
			b.Fatal(err)
		}
	}
}

func benchTransform[T, U any](b *testing.B, o Transform, rows []T) {
	b.ReportAllocs()
	for b.Loop() {
		t := fakeTask(newFakeHost(), ample(), 0, 16)
		up, err := o.Wire(t, (&benchSink[U]{}).sink())
		if err != nil {
			b.Fatal(err)
		}
		push(b, up, rows)
		if err := up.close(); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, len(rows))
}

func benchOutput[T any](b *testing.B, o Output, reduces int, rows []T) {
	b.ReportAllocs()
	for b.Loop() {
		t := fakeTask(newFakeHost(), ample(), 0, reduces)
		sink, done, err := o.Open(t)
		if err != nil {
			b.Fatal(err)
		}
		push(b, sink, rows)
		if _, err := done.Finish(); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, len(rows))
}

func intPairs(rows, keys int) []KV[int64, int64] {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]KV[int64, int64], rows)
	for i := range out {
		out[i] = KV[int64, int64]{int64(r.IntN(keys)), 1}
	}
	return out
}

// words are as frequent as in a text: the n-th word has a frequency of about 1/n.
func words(rows, distinct int) []KV[string, int64] {
	r := rand.New(rand.NewPCG(3, 4))
	z := rand.NewZipf(r, 1.05, 2, uint64(distinct-1))
	var text []byte
	ends := make([]int, rows)
	for i := range ends {
		k := z.Uint64()
		text = strconv.AppendUint(text, k*2654435761>>(k%5*4), 16)
		ends[i] = len(text)
	}
	out, from, all := make([]KV[string, int64], rows), 0, string(text)
	for i, to := range ends {
		out[i] = KV[string, int64]{all[from:to], 1}
		from = to
	}
	return out
}

func BenchmarkMerge(b *testing.B) {
	for _, keys := range []int{1000, 62500, 1 << 20} {
		b.Run(fmt.Sprintf("int64/keys=%d", keys), func(b *testing.B) {
			benchTransform[KV[int64, int64], KV[int64, int64]](b, &MergeByKey[int64, int64]{F: sum}, intPairs(2<<20, keys))
		})
	}
	b.Run("words", func(b *testing.B) {
		benchTransform[KV[string, int64], KV[string, int64]](b, &MergeByKey[string, int64]{F: sum}, words(4<<20, 200000))
	})
}

func BenchmarkMapSideCombine(b *testing.B) {
	b.Run("words", func(b *testing.B) {
		benchOutput(b, &ReduceWrite[string, int64]{F: sum, Route: Route[string]{N: 16}}, 16, words(4<<20, 200000))
	})
	b.Run("int64/mostly distinct", func(b *testing.B) {
		benchOutput(b, &ReduceWrite[int64, int64]{F: sum, Route: Route[int64]{N: 16}}, 16, intPairs(1250000, 1000000))
	})
}

func BenchmarkScatter(b *testing.B) {
	rows := intPairs(2<<20, 1<<20)
	for _, reduces := range []int{16, 1000} {
		b.Run(fmt.Sprintf("int64/reduces=%d", reduces), func(b *testing.B) {
			benchOutput(b, &PartitionWrite[int64]{Rows: TypeOf[KV[int64, int64]](), Route: Route[int64]{N: reduces}}, reduces, rows)
		})
	}
	b.Run("tiny/reduces=1000", func(b *testing.B) {
		benchOutput(b, &PartitionWrite[int64]{Rows: TypeOf[KV[int64, int64]](), Route: Route[int64]{N: 1000}}, 1000, rows[:1000])
	})
}

func BenchmarkShuffleRead(b *testing.B) {
	rows := intPairs(2<<20, 1<<20)
	t := fakeTask(newFakeHost(), ample(), 0, 16)
	if _, err := into(t, &PartitionWrite[int64]{Rows: TypeOf[KV[int64, int64]](), Route: Route[int64]{N: 16}}, rows, BatchRows); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for p := range 16 {
			if err := (&ShuffleRead{Rows: TypeOf[KV[int64, int64]](), Shuffle: 1}).Read(t, p, nil, (&benchSink[KV[int64, int64]]{}).sink()); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b, len(rows))
}

func BenchmarkGroup(b *testing.B) {
	benchTransform[KV[int64, int64], KV[int64, []int64]](b, &GroupByKey[int64, int64]{}, intPairs(1250000, 62500))
}

func BenchmarkJoin(b *testing.B) {
	left, right := intPairs(1<<20, 1<<20), make([]KV[int64, int64], 1<<20)
	for i := range right {
		right[i].Key = int64(i*7919) % (1 << 20)
	}
	b.ReportAllocs()
	for b.Loop() {
		t := fakeTask(newFakeHost(), ample(), 0, 16)
		in := []Input{sliceInput[KV[int64, int64]]{b, left}, sliceInput[KV[int64, int64]]{b, right}}
		if err := (&Join[int64, int64, int64]{}).Run(t, in, (&benchSink[KV[int64, Joined[int64, int64]]]{}).sink()); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, len(left)+len(right))
}

// sliceInput pushes rows without copying them.
type sliceInput[T any] struct {
	b    *testing.B
	rows []T
}

func (in sliceInput[T]) Parts() int                   { return 1 }
func (in sliceInput[T]) Run(sink *Sink) error         { push(in.b, sink, in.rows); return nil }
func (in sliceInput[T]) RunPart(_ int, s *Sink) error { return in.Run(s) }

func BenchmarkSort(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	records := make([][]byte, 625000)
	block := make([]byte, 100*len(records))
	for i := range records {
		records[i] = block[100*i : 100*i+100 : 100*i+100]
		binary.BigEndian.PutUint64(records[i], r.Uint64()>>4)
	}
	b.Run("100 B by 10 B", func(b *testing.B) {
		first := func(rec []byte) string { return string(rec[:10]) }
		benchTransform[[]byte, []byte](b, &SortRows[[]byte, string]{Key: first}, records)
	})
	b.Run("int64", func(b *testing.B) {
		benchTransform[KV[int64, int64], KV[int64, int64]](b, &SortPairs[int64, int64]{}, intPairs(1<<20, 1<<40))
	})
	b.Run("func", func(b *testing.B) {
		rows := intPairs(1<<18, 1<<40)
		benchTransform[KV[int64, int64], KV[int64, int64]](b, &SortFunc[KV[int64, int64]]{Compare: func(a, b KV[int64, int64]) int { return int(a.Key - b.Key) }}, rows)
	})
}

// BenchmarkDigest is what digests add to the writing of map outputs.
func BenchmarkDigest(b *testing.B) {
	pairs, texts := intPairs(1<<20, 1<<20), words(1<<20, 200000)
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprintf("int64/%v", on), func(b *testing.B) {
			benchDigest(b, on, &PartitionWrite[int64]{Rows: TypeOf[KV[int64, int64]](), Route: Route[int64]{N: 16}}, pairs)
		})
		b.Run(fmt.Sprintf("words/%v", on), func(b *testing.B) {
			benchDigest(b, on, &PartitionWrite[string]{Rows: TypeOf[KV[string, int64]](), Route: Route[string]{N: 16}}, texts)
		})
		b.Run(fmt.Sprintf("dealt words/%v", on), func(b *testing.B) {
			benchDigest(b, on, &ScatterWrite{Rows: TypeOf[KV[string, int64]](), Reduces: 16}, texts)
		})
		b.Run(fmt.Sprintf("combined words/%v", on), func(b *testing.B) {
			benchDigest(b, on, &ReduceWrite[string, int64]{F: sum, Route: Route[string]{N: 16}}, texts)
		})
	}
}

func benchDigest[T any](b *testing.B, on bool, o Output, rows []T) {
	for b.Loop() {
		t := fakeTask(newFakeHost(), ample(), 0, 16)
		t.Digests = on
		if _, err := into(t, o, rows, BatchRows); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, len(rows))
}
