package codec

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckBlocksFindsEveryChange(t *testing.T) {
	c, err := For[string]()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		e := NewEncoder(c, rapid.SampledFrom([]Compression{None, S2}).Draw(t, "compression"))
		var src []byte
		var ends []int
		for range rapid.IntRange(0, 3).Draw(t, "blocks") {
			rows := rapid.SliceOfN(rapid.String(), 1, 20).Draw(t, "rows")
			if src, err = AppendRows(e, src, rows); err != nil {
				t.Fatal(err)
			}
			ends = append(ends, len(src))
		}
		if err := CheckBlocks(src); err != nil {
			t.Fatalf("whole blocks: %v", err)
		}
		if len(src) == 0 {
			return
		}
		at := rapid.IntRange(0, len(src)-1).Draw(t, "at")
		src[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		if err := CheckBlocks(src); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d of %d changed: %v", at, len(src), err)
		}
		if cut := rapid.IntRange(1, ends[0]-1).Draw(t, "cut"); CheckBlocks(src[:cut]) == nil {
			t.Fatalf("%d bytes of a block of %d are said to be whole", cut, ends[0])
		}
	})
}
