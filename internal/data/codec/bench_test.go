package codec

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"
)

func bench[T any](b *testing.B, rows []T) {
	c, err := For[T]()
	if err != nil {
		b.Fatal(err)
	}
	e, d := NewEncoder(c, None), NewDecoder(c)
	var buf []byte
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			buf, _ = AppendRows(e, buf[:0], rows)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/row")
		b.ReportMetric(float64(len(buf))/float64(len(rows)), "B/row")
	})
	b.Run("decode", func(b *testing.B) {
		var out []T
		for b.Loop() {
			out, _, _ = NextRows(d, buf, out)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/row")
	})
}

func BenchmarkPairs(b *testing.B) {
	rows := make([]struct{ K, V int64 }, 1024)
	for i := range rows {
		rows[i].K, rows[i].V = int64(i*7919%1000003), int64(i)
	}
	bench(b, rows)
}

func BenchmarkWords(b *testing.B) {
	rows := make([]struct {
		K string
		V int64
	}, 1024)
	for i := range rows {
		rows[i].K, rows[i].V = fmt.Sprint("word", i), 1
	}
	bench(b, rows)
}

func BenchmarkRecords(b *testing.B) {
	rows := make([][]byte, 327)
	for i := range rows {
		rows[i] = bytes.Repeat([]byte{byte(i)}, 100)
	}
	bench(b, rows)
}

func BenchmarkVectors(b *testing.B) {
	rows := make([][]float64, 400)
	for i := range rows {
		rows[i] = make([]float64, 10)
	}
	bench(b, rows)
}

func BenchmarkArrays(b *testing.B) {
	rows := make([][10]float64, 400)
	bench(b, rows)
}

func BenchmarkStructs(b *testing.B) {
	rows := make([]struct {
		ID    int64
		Name  string
		Score float64
		Count int32
		Ok    bool
	}, 1024)
	for i := range rows {
		rows[i].ID, rows[i].Name, rows[i].Score, rows[i].Count, rows[i].Ok = int64(i), fmt.Sprint("name", i%50), float64(i), int32(i%1000), i%2 == 0
	}
	bench(b, rows)
}

func BenchmarkMaps(b *testing.B) {
	rows := make([]map[string]int64, 100)
	for i := range rows {
		rows[i] = map[string]int64{"a": 1, "b": int64(i), "c": 3}
	}
	bench(b, rows)
}

func BenchmarkDetach(b *testing.B) {
	type row struct {
		K string
		V []float64
	}
	from, rows := make([]row, 1024), make([]row, 1024)
	for i := range from {
		from[i] = row{fmt.Sprint("word", i), make([]float64, 10)}
	}
	c, _ := For[row]()
	for b.Loop() {
		var a Arena
		copy(rows, from)
		c.Detach(unsafe.Pointer(&rows[0]), len(rows), &a)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/row")
}
