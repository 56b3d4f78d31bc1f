package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kilnproject/kiln"
)

func TestWordsAreCountedAsOneLoopCountsThem(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	want := map[string]int64{}
	for range 20000 {
		w := fmt.Sprint("w", chance.IntN(700))
		want[w]++
		text.WriteString(w)
		text.WriteString([]string{" ", "\n", "\t", "\r\n"}[chance.IntN(4)])
	}
	path := write(t, "text", text.String())
	everywhere(t, func(t *testing.T, s *kiln.Session) {
		got, err := count(kiln.TextFile(s, path, kiln.MinPartitions(7))).Collect(t.Context())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d words, %v; want %d", len(got), err, len(want))
		}
		for _, w := range got {
			if want[w.Key] != w.Value {
				t.Errorf("%s: %d, want %d", w.Key, w.Value, want[w.Key])
			}
		}
	})
}
