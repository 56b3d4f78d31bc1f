package source

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestNewlinesFindsEveryLineEnd(t *testing.T) {
	letter := rapid.SampledFrom([]byte{'\n', '\n' - 1, '\n' + 1, '\n' | 0x80, 0, 0x80, 0xff, 'a', 'b', 'c'})
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(letter, 0, 1000).Draw(t, "data")
		if rapid.Bool().Draw(t, "only ends") {
			for i := range data {
				data[i] = '\n'
			}
		}
		var want, got []int
		for i, c := range data {
			if c == '\n' {
				want = append(want, i)
			}
		}
		var ends lineEnds
		for at := 0; at < len(data); {
			n, looked := newlines(data[at:], &ends)
			if looked <= 0 {
				t.Fatalf("no progress at %d of %d", at, len(data))
			}
			for _, end := range ends[:n] {
				got = append(got, at+int(end))
			}
			at += looked
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
