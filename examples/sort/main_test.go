package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kilnproject/kiln"
)

func TestRecordsComeOutInOrderAndComplete(t *testing.T) {
	dir := t.TempDir() // of this test: a sub-test's name has commas, which separate paths
	everywhere(t, func(t *testing.T, s *kiln.Session) {
		in := filepath.Join(dir, s.AppID())
		if err := kiln.SaveBinary(t.Context(), generate(s, 20000), in); err != nil {
			t.Fatal(err)
		}
		records := kiln.BinaryRecords(s, in, recordBytes, kiln.SplitSize(200_000))
		want, err := records.Collect(t.Context())
		if err != nil || len(want) != 20000 {
			t.Fatalf("%d records, %v", len(want), err)
		}
		got, err := sorted(records).Collect(t.Context())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d records, %v", len(got), err)
		}
		if !slices.IsSortedFunc(got, func(a, b []byte) int { return bytes.Compare(a[:keyBytes], b[:keyBytes]) }) {
			t.Error("the records are not in order")
		}
		slices.SortFunc(want, bytes.Compare)
		slices.SortFunc(got, bytes.Compare)
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Error("the records are not those that went in")
		}
	})
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"7": 7, "64k": 64 << 10, "3M": 3 << 20, "1g": 1 << 30} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "g", "-1g", "1x", "1gg"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}
