package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/storage"
	_ "github.com/kilnproject/kiln/storage/file"
)

// directory writes files and gives the directory.
func directory(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		put(t, filepath.Join(dir, name), data)
	}
	return dir
}

func put(t testing.TB, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
		t.Fatal(err)
	}
}

func plan(t testing.TB, paths string, o Options, slots int) []Split {
	t.Helper()
	splits, err := Plan(t.Context(), paths, o, slots)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range splits {
		if splits[i], err = DecodeSplit(s.Append(nil)); err != nil {
			t.Fatalf("split %d: %v", i, err)
		}
	}
	return splits
}

// allLines reads all splits, and checks the size of batches on the way.
func allLines(t testing.TB, splits []Split) (all []string) {
	t.Helper()
	for _, s := range splits {
		err := ReadLines(t.Context(), s, nil, func(rows []string) error {
			total := 0
			for _, r := range rows[:len(rows)-1] {
				total += len(r)
			}
			if len(rows) > batchRows || total >= batchBytes {
				t.Errorf("a batch has %d rows, and %d bytes before its last row", len(rows), total)
			}
			all = append(all, rows...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// splitLines is the dumb second version.
func splitLines(data string) []string {
	lines := strings.Split(data, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return lines
}

func TestLinesOfAllSplitsAreTheLinesOfTheFiles(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Repeat("abc d", minChunk)
		line := rapid.OneOf(
			rapid.SampledFrom([]string{"", "\r", "\r\r", "a\r", "\ra", "\x00", "\xff"}),
			rapid.Map(rapid.IntRange(0, 80), func(n int) string { return text[:n] }),
			rapid.Map(rapid.IntRange(0, 3*minChunk), func(n int) string { return text[:n] }),
		)
		var want []string
		root, err := os.MkdirTemp(dir, "")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(root)
		for i := range rapid.IntRange(1, 4).Draw(rt, "files") {
			data := strings.Join(rapid.SliceOfN(line, 0, 60).Draw(rt, "lines"), rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "end"))
			if rapid.Bool().Draw(rt, "ended") {
				data += "\n"
			}
			want = append(want, splitLines(data)...)
			put(t, fmt.Sprintf("%s/%d", root, i), data)
		}
		o := Options{
			MinPartitions: rapid.IntRange(0, 40).Draw(rt, "partitions"),
			SplitSize:     rapid.OneOf(rapid.Int64Range(1, 50), rapid.Int64Range(1, 20_000)).Draw(rt, "split"),
		}
		got := allLines(t, plan(t, root, o, rapid.IntRange(0, 8).Draw(rt, "slots")))
		if !slices.Equal(got, want) {
			rt.Fatalf("got %d lines, want %d:\n%.500q\n%.500q", len(got), len(want), got, want)
		}
	})
}

func TestRecordsOfAllSplitsAreTheRecordsOfTheFile(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		length := rapid.OneOf(rapid.IntRange(1, 20), rapid.SampledFrom([]int{4096, 40_000, chunkSize + 1})).Draw(rt, "length")
		count := rapid.IntRange(0, max(3, 20_000/length)).Draw(rt, "count")
		data := make([]byte, length*count)
		for i := range data {
			data[i] = byte(i * 7 / length)
		}
		put(t, dir+"/f", string(data))
		o := Options{Form: Records, RecordLength: length, SplitSize: rapid.Int64Range(1, 100_000).Draw(rt, "split"), MinPartitions: rapid.IntRange(0, 9).Draw(rt, "partitions")}
		var got []byte
		for _, s := range plan(t, dir+"/f", o, 2) {
			err := ReadRecords(t.Context(), s, length, nil, func(rows [][]byte) error {
				for _, r := range rows {
					if len(r) != length || cap(r) != length {
						rt.Fatalf("a record has length %d and capacity %d", len(r), cap(r))
					}
					got = append(got, r...)
				}
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
		if !bytes.Equal(got, data) {
			rt.Fatalf("got %d bytes, want %d", len(got), len(data))
		}
	})
}

func TestStringsStayUnchangedAfterTheyWerePushed(t *testing.T) {
	var data strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&data, "line %d of the file\n", i)
	}
	dir := directory(t, map[string]string{"a": data.String(), "b": data.String()})
	got := allLines(t, plan(t, dir, Options{}, 0))
	want := splitLines(data.String())
	if !slices.Equal(got, slices.Concat(want, want)) {
		t.Error("strings changed after later batches were read")
	}
}

func TestAVeryLongLineIsOneRow(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", longLine/16)
	dir := directory(t, map[string]string{"f": "a\n" + long + "\r\nb"})
	var sizes []int
	var read int64
	for _, s := range plan(t, dir, Options{}, 2) {
		err := ReadLines(t.Context(), s, &read, func(rows []string) error {
			for _, r := range rows {
				if len(r) == len(long) && r != long {
					t.Error("the long line has wrong bytes")
				}
				sizes = append(sizes, len(r))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(sizes, []int{1, len(long), 1}) {
		t.Errorf("rows have sizes %v", sizes)
	}
	if most := int64(2*len(long) + 1<<20); read < int64(len(long)) || read > most {
		t.Errorf("%d bytes were read for a file of %d", read, len(long))
	}
}

func TestBytesReadAreThoseOfTheFile(t *testing.T) {
	data := strings.Repeat("some words in a line\n", 100_000)
	dir := directory(t, map[string]string{"a": data, "b": data})
	splits := plan(t, dir, Options{SplitSize: 1 << 20}, 0)
	var read int64
	for _, s := range splits {
		if err := ReadLines(t.Context(), s, &read, func([]string) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if extra := read - int64(2*len(data)); extra < 0 || extra > int64(len(splits)*2*minChunk) {
		t.Errorf("%d bytes beyond the files were read for %d splits", extra, len(splits))
	}
}

func TestAnErrorOfPushEndsTheReadingAtOnce(t *testing.T) {
	dir := directory(t, map[string]string{"f": strings.Repeat("0123456\n", 100_000)})
	stop := errors.New("enough")
	calls := 0
	for _, s := range plan(t, dir, Options{}, 0) {
		check := func(err error) {
			t.Helper()
			if err != stop || calls != 1 {
				t.Errorf("got %v after %d calls", err, calls)
			}
			calls = 0
		}
		check(ReadLines(t.Context(), s, nil, func([]string) error { calls++; return stop }))
		check(ReadRecords(t.Context(), s, 8, nil, func([][]byte) error { calls++; return stop }))
		check(ReadWhole(t.Context(), s, nil, func(string, []byte) error { calls++; return stop }))
	}
}

func TestTheEndOfTheContextEndsTheReadingWithItsCause(t *testing.T) {
	dir := directory(t, map[string]string{"a": strings.Repeat("0123456\n", 100_000), "b": "1234567\n"})
	why := errors.New("killed by test")
	for _, s := range plan(t, dir, Options{}, 0) {
		ctx, cancel := context.WithCancelCause(t.Context())
		calls := 0
		check := func(err error) {
			t.Helper()
			if err != why || calls != 1 {
				t.Errorf("got %v after %d calls", err, calls)
			}
			calls = 0
			ctx, cancel = context.WithCancelCause(t.Context())
		}
		check(ReadLines(ctx, s, nil, func([]string) error { calls++; cancel(why); return nil }))
		check(ReadRecords(ctx, s, 8, nil, func([][]byte) error { calls++; cancel(why); return nil }))
		check(ReadWhole(ctx, s, nil, func(string, []byte) error { calls++; cancel(why); return nil }))
		cancel(nil)
	}
}

func TestAFileThatShrankIsAnErrorThatNamesIt(t *testing.T) {
	dir := directory(t, map[string]string{"f": strings.Repeat("0123456\n", 10_000)})
	splits := plan(t, dir, Options{MinPartitions: 3}, 0)
	put(t, dir+"/f", "0123456\n")
	for _, s := range append(splits, Split{[]Piece{{Path: dir + "/f", Length: 1 << 40, Whole: true}}}) {
		for form, err := range map[string]error{
			"lines":   ReadLines(t.Context(), s, nil, func([]string) error { return nil }),
			"records": ReadRecords(t.Context(), Split{[]Piece{{Path: dir + "/f", Offset: 8, Length: 8}}}, 8, nil, func([][]byte) error { return nil }),
			"whole":   ReadWhole(t.Context(), Split{[]Piece{{Path: dir + "/f", Length: 1 << 40, Whole: true}}}, nil, func(string, []byte) error { return nil }),
		} {
			if !errors.Is(err, errChanged) || !strings.Contains(err.Error(), dir+"/f") {
				t.Errorf("%s of %v: %v", form, s, err)
			}
		}
	}
}

func TestAFileThatIsGoneIsAnErrorThatNamesIt(t *testing.T) {
	s := Split{[]Piece{{Path: "/nowhere/at all", Length: 7, Whole: true}}}
	err := ReadLines(t.Context(), s, nil, func([]string) error { return nil })
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "/nowhere/at all") {
		t.Errorf("got %v", err)
	}
}

func TestWholeFilesComeUnchangedInPathOrder(t *testing.T) {
	files := map[string]string{"a": "", "b.gz": "not really compressed", "c/d": strings.Repeat("x", 100_000), "z": "z\r\n"}
	dir := directory(t, files)
	var paths []string
	var read int64
	for _, s := range plan(t, dir, Options{Form: Whole, SplitSize: 1000}, 1) {
		err := ReadWhole(t.Context(), s, &read, func(path string, data []byte) error {
			name := strings.TrimPrefix(path, dir+"/")
			paths = append(paths, name)
			if string(data) != files[name] {
				t.Errorf("%s has %d bytes, want %d", name, len(data), len(files[name]))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(paths, []string{"a", "b.gz", "c/d", "z"}) || read != 100_024 {
		t.Errorf("read %d bytes of %q", read, paths)
	}
}

func TestRecordsMustFillTheirFiles(t *testing.T) {
	dir := directory(t, map[string]string{"f": "12345678901"})
	_, err := Plan(t.Context(), dir, Options{Form: Records, RecordLength: 4}, 1)
	var e *storage.Error
	if !errors.As(err, &e) || e.Path != dir+"/f" || !strings.Contains(err.Error(), "3 bytes would be left over") {
		t.Errorf("Plan: %v", err)
	}
	s := Split{[]Piece{{Path: dir + "/f", Length: 11, Whole: true}}}
	if err := ReadRecords(t.Context(), s, 4, nil, func([][]byte) error { return nil }); err == nil {
		t.Error("ReadRecords took half a record")
	}
	for _, length := range []int{0, -1} {
		if _, err := Plan(t.Context(), dir, Options{Form: Records, RecordLength: length}, 1); err == nil {
			t.Errorf("record length %d was accepted", length)
		}
		if err := ReadRecords(t.Context(), s, length, nil, nil); err == nil {
			t.Errorf("record length %d was accepted for reading", length)
		}
	}
}

func FuzzDecodeSplit(f *testing.F) {
	f.Add(Split{}.Append(nil))
	f.Add(Split{[]Piece{{Path: "/a/b", Offset: 3, Length: 1 << 40}, {Path: "/a/c", Length: 7, Whole: true}, {Path: "/a", Whole: true}}}.Append(nil))
	f.Add(binary.AppendUvarint([]byte{splitVersion}, 1<<60))
	f.Add([]byte{splitVersion, 1, 0, 200, 'x', 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := DecodeSplit(data)
		if err != nil {
			return
		}
		total := 0
		for _, p := range s.Pieces {
			total += len(p.Path)
			if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length < 0 {
				t.Fatalf("range of %+v", p)
			}
		}
		if total > len(data)*64+maxPath {
			t.Fatalf("%d bytes became %d bytes of paths", len(data), total)
		}
		again, err := DecodeSplit(s.Append(nil))
		if err != nil || !slices.Equal(again.Pieces, s.Pieces) {
			t.Fatalf("%+v became %+v, %v", s, again, err)
		}
	})
}

func TestASplitSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.Custom(func(t *rapid.T) Piece {
			p := Piece{
				Path:   rapid.StringMatching(`(/data/)?[ab/]{0,5}.{0,9}`).Draw(t, "path"),
				Offset: rapid.Int64Range(0, 1<<61).Draw(t, "offset"), Length: rapid.Int64Range(0, 1<<61).Draw(t, "length"),
				Whole: rapid.Bool().Draw(t, "whole"),
			}
			if p.Whole {
				p.Offset = 0
			}
			return p
		})
		s := Split{Pieces: rapid.SliceOf(piece).Draw(t, "pieces")}
		got, err := DecodeSplit(s.Append(nil))
		if err != nil || !slices.Equal(got.Pieces, s.Pieces) {
			t.Fatalf("%+v became %+v, %v", s, got, err)
		}
		if _, err := DecodeSplit(append(s.Append(nil), 0)); err == nil {
			t.Fatal("a byte too many was accepted")
		}
	})
}
