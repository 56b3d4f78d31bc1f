package source

import (
	"os"
	"os/exec"
	"path/filepath"

	"slices"
	"strings"
	"testing"

	"github.com/kilnproject/kiln/storage"
)

// goRoot asks the go command, as users do.
func goRoot(b *testing.B) string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// goSource is the Go tree's own source: real text that every Go user has.
func goSource(b *testing.B) string {
	dir := filepath.Join(goRoot(b), "src")
	if _, err := os.Stat(dir); err != nil {
		b.Fatalf("the benchmarks read the Go tree: %v", err)
	}
	return dir
}

// oneFile is all of the Go tree's .go files in one, about 90 MB.
func oneFile(b *testing.B) string {
	files, err := storage.List(b.Context(), goSource(b))
	if err != nil {
		b.Fatal(err)
	}
	path := b.TempDir() + "/go.txt"
	out, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		if filepath.Ext(f.Path) != ".go" {
			continue
		}
		data, err := os.ReadFile(f.Path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := out.Write(data); err != nil {
			b.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

func readLines(b *testing.B, splits []Split) {
	var size int64
	for _, s := range splits {
		size += s.Size()
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range splits {
			if err := ReadLines(b.Context(), s, nil, func([]string) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkLinesOfOneLargeFile(b *testing.B) {
	readLines(b, plan(b, oneFile(b), Options{}, 2))
}

func BenchmarkLinesOfManySmallFiles(b *testing.B) {
	splits := plan(b, goSource(b), Options{}, 2)
	for i := range splits { // decompression would take most of the time
		splits[i].Pieces = slices.DeleteFunc(splits[i].Pieces, func(p Piece) bool { return decompressor(p.Path) != nil })
	}
	readLines(b, splits)
}

func BenchmarkRecordsOf100Bytes(b *testing.B) {
	path := b.TempDir() + "/f"
	if err := os.WriteFile(path, make([]byte, 100_000_000), 0o666); err != nil {
		b.Fatal(err)
	}
	splits := plan(b, path, Options{Form: Records, RecordLength: 100}, 2)
	b.SetBytes(100_000_000)
	for b.Loop() {
		for _, s := range splits {
			if err := ReadRecords(b.Context(), s, 100, nil, func([][]byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkPlanOfTheGoTree(b *testing.B) {
	dir := goSource(b)
	for b.Loop() {
		if _, err := Plan(b.Context(), dir, Options{}, 2); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewlines(b *testing.B) {
	data, err := os.ReadFile(oneFile(b))
	if err != nil {
		b.Fatal(err)
	}
	data = data[:chunkSize]
	var ends lineEnds
	lines := 0
	b.SetBytes(chunkSize)
	for b.Loop() {
		for at := 0; at < len(data); {
			n, looked := newlines(data[at:], &ends)
			at += looked
			lines += n
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lines), "ns/line")
}
