package source

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/kilnproject/kiln/storage"
)

// bz2 is "hello\nworld\n" as bzip2 writes it: the standard library only reads the format.
const bz2 = "425a68393141592653596b5fb1dd00000241800010064490802000310c0821a369080723ae878bb9229c284835afd8ee80"

func compress(t testing.TB, ext, data string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch ext {
	case ".gz":
		w = gzip.NewWriter(&b)
	case ".zst":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	case ".s2":
		w = s2.NewWriter(&b)
	case ".lz4":
		w = lz4.NewWriter(&b)
	}
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCompressedFilesGiveTheirLines(t *testing.T) {
	var data strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&data, "line %d\r\n", i*i)
	}
	data.WriteString("no end")
	for _, ext := range []string{".gz", ".zst", ".s2", ".lz4"} {
		file := compress(t, ext, data.String())
		files := map[string]string{"a" + ext: file, "b": "between\n", "c" + strings.ToUpper(ext): file + compress(t, ext, "\nanother member\n")}
		lines := splitLines(data.String())
		want := slices.Concat(lines, []string{"between"}, lines, []string{"another member"})
		if got := allLines(t, plan(t, directory(t, files), Options{}, 2)); !slices.Equal(got, want) {
			t.Errorf("%s: got %d lines, want %d", ext, len(got), len(want))
		}
	}
}

func TestDamagedCompressedFilesAreErrorsThatNameThem(t *testing.T) {
	data := strings.Repeat("the quick brown fox\n", 10_000)
	for _, ext := range []string{".gz", ".zst", ".s2", ".lz4"} {
		whole := compress(t, ext, data)
		flipped := []byte(whole)
		flipped[len(flipped)/2] ^= 0x10
		for what, damaged := range map[string]string{
			"cut":     whole[:len(whole)-len(whole)/3],
			"flipped": string(flipped),
			"foreign": "this is plain text, whatever its name says",
			"short":   whole[:3],
		} {
			dir := directory(t, map[string]string{"f" + ext: damaged})
			err := ReadLines(t.Context(), plan(t, dir, Options{}, 1)[0], nil, func([]string) error { return nil })
			var e *storage.Error
			if !errors.As(err, &e) || e.Path != dir+"/f"+ext || e.Op != "decompress" {
				t.Errorf("%s, %s: %v", ext, what, err)
			}
		}
	}
}

func TestBzip2(t *testing.T) {
	data, err := hex.DecodeString(bz2)
	if err != nil {
		t.Fatal(err)
	}
	dir := directory(t, map[string]string{"f.bz2": string(data)})
	if got := allLines(t, plan(t, dir, Options{}, 1)); !slices.Equal(got, []string{"hello", "world"}) {
		t.Errorf("got %q", got)
	}
}

func FuzzCompressedLines(f *testing.F) {
	for _, ext := range []string{".gz", ".zst", ".s2", ".lz4"} {
		f.Add(ext, []byte(compress(f, ext, "a\nb\r\nc")))
	}
	f.Add(".bz2", []byte("BZh9"))
	f.Fuzz(func(t *testing.T, ext string, data []byte) {
		open := decompressor("f" + ext)
		if open == nil || len(data) == 0 {
			return
		}
		d, err := open(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer d.Close()
		l := lines{feed: feed{ctx: t.Context()}, push: func([]string) error { return nil }}
		x := text{lines: &l, r: io.LimitReader(d, 1<<20), end: 1<<63 - 1, compressed: true}
		x.all()
	})
}
