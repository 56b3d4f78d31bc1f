package shuffle

import (
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// commit writes one block as an attempt of a generation.
func commit(t *testing.T, st *Store, generation int32, attempt ids.TaskID, block string, digest uint64) (sizes []int64, kept uint64, err error) {
	t.Helper()
	w := st.NewWriter(1, 0, 1, attempt, nil).OfGeneration(generation)
	if err := w.Append(0, []byte(block)); err != nil {
		t.Fatal(err)
	}
	return w.Commit(digest)
}

func TestOutputsOfANewerGenerationTakeThePlaceOfOlderOnes(t *testing.T) {
	for name, cfg := range map[string]Config{"memory": {}, "files": inFiles} {
		t.Run(name, func(t *testing.T) {
			st := newStore(t, cfg)
			for _, c := range []struct {
				generation   int32
				block        string
				digest, kept uint64
				now          string // what the store has then
				fails        bool
			}{
				{1, "first", 10, 10, "first", false},
				{1, "another", 11, 10, "first", false}, // of one generation the first one counts
				{3, "newer", 12, 12, "newer", false},
				{2, "late", 13, 0, "newer", true},
				{3, "again", 14, 12, "newer", false},
			} {
				sizes, kept, err := commit(t, st, c.generation, ids.TaskID(c.digest), c.block, c.digest)
				if (err != nil) != c.fails || kept != c.kept || err == nil && len(sizes) != 1 {
					t.Fatalf("%+v: %v, %d, %v", c, sizes, kept, err)
				}
				seg, err := st.OpenSegment(1, 0, 0)
				if err != nil {
					t.Fatal(err)
				}
				data := make([]byte, seg.Size)
				if seg.File == nil {
					copy(data, seg.Data)
				} else if err := seg.onDisk().readAt(data, 0); err != nil {
					t.Fatal(err)
				}
				seg.Close()
				if block, _, err := nextBlock(data[:len(data)-trailerBytes]); err != nil || string(block) != c.now {
					t.Fatalf("%+v: the store has %q, %v", c, block, err)
				}
			}
			if n := len(files(t, st)); name == "files" && n != 1 {
				t.Errorf("%d files are left", n)
			}
		})
	}
}
