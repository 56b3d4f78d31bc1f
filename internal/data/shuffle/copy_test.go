package shuffle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// content gives the bytes of all segments of a map output.
func content(t testing.TB, st *Store, m, reduces int) (segments []string) {
	t.Helper()
	n := network{stores: map[string]*Store{"": st}}
	for r := range reduces {
		data, err := n.serve("", ids.Shuffle(1, m, r))
		if err != nil {
			t.Fatal(err)
		}
		segments = append(segments, string(data))
	}
	return segments
}

func TestACopyIsAsTheOriginal(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		configs := []Config{{}, inFiles, {MemoryEach: 40}}
		from := newStore(t, rapid.SampledFrom(configs).Draw(rt, "from"))
		to := newStore(t, rapid.SampledFrom(configs).Draw(rt, "to"))
		defer from.Close()
		defer to.Close()
		reduces := rapid.IntRange(0, 5).Draw(rt, "reduces")
		var entries []entry
		if reduces > 0 {
			entries = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) entry {
				return entry{rapid.IntRange(0, reduces-1).Draw(rt, "reduce"), strings.Repeat("x", rapid.SampledFrom([]int{0, 1, 30}).Draw(rt, "size"))}
			}), 0, 6).Draw(rt, "blocks")
		}
		write(t, from, 1, 0, reduces, nil, entries...)
		net := &network{stores: map[string]*Store{"a": from}}
		if err := to.Copy(t.Context(), net, Original{Shuffle: 1, Map: 0, Reduces: reduces, Addr: "a"}); err != nil {
			rt.Fatal(err)
		}
		if got, want := content(t, to, 0, reduces), content(t, from, 0, reduces); fmt.Sprint(got) != fmt.Sprint(want) {
			rt.Fatalf("%q instead of %q", got, want)
		}
	})
}

// large gives a store with an output of more than two pieces, and one of exactly one piece.
func large(t *testing.T) *network {
	from := newStore(t, Config{})
	rows := strings.Repeat("0123456789abcdef", 3<<16)
	write(t, from, 1, 0, 3, nil, entry{0, rows}, entry{2, rows}, entry{2, rows})
	room := pieceBytes - tailBytes(1) - trailerBytes - prefixBytes
	write(t, from, 1, 1, 1, nil, entry{0, strings.Repeat("y", int(room))})
	return &network{stores: map[string]*Store{"a": from}}
}

func TestALargeOutputIsCopiedInPieces(t *testing.T) {
	net, to := large(t), newStore(t, Config{})
	for m, reduces := range []int{3, 1} {
		if err := to.Copy(t.Context(), net, Original{Shuffle: 1, Map: m, Reduces: reduces, Addr: "a"}); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(content(t, to, m, reduces)) != fmt.Sprint(content(t, net.stores["a"], m, reduces)) {
			t.Error("the copy is another one")
		}
	}
	if n := len(net.requests); n != 3+2 { // the second one has an empty last piece
		t.Errorf("%d pieces were asked for", n)
	}
	if seg, err := net.stores["a"].OpenPiece(1, 1, 2); err == nil {
		seg.Close()
		t.Error("a piece behind the last one")
	}
}

func TestACopyThatFailsLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		cfg     Config
		reduces int
		prepare func(n *network, cancel context.CancelFunc)
		want    error
	}{
		"damaged on the way": {Config{}, 3, func(n *network, _ context.CancelFunc) {
			n.before = func(_ string, id ids.BlockID, data []byte) ([]byte, error) {
				if id.C == 1 {
					data[100] ^= 1
				}
				return data, nil
			}
		}, ErrCorrupt},
		"cut off": {Config{}, 3, func(n *network, _ context.CancelFunc) {
			n.before = func(_ string, _ ids.BlockID, data []byte) ([]byte, error) { return data[:min(len(data), 1000)], nil }
		}, ErrCorrupt},
		"too much": {Config{}, 3, func(n *network, _ context.CancelFunc) {
			n.before = func(_ string, _ ids.BlockID, data []byte) ([]byte, error) { return make([]byte, pieceBytes+1), nil }
		}, ErrCorrupt},
		"of other reduce partitions": {Config{}, 4, nil, ErrCorrupt},
		"of very many":               {Config{}, 1 << 24, nil, ErrCorrupt},
		"server gone": {Config{}, 3, func(n *network, _ context.CancelFunc) {
			n.fail = func(_ string, want []ids.BlockID) error {
				if want[0].C == 2 {
					return errBroken
				}
				return nil
			}
		}, errBroken},
		"disk full":      {Config{Disk: failing(disk.OpWrite, 1, errBroken)}, 3, nil, errBroken},
		"no file":        {Config{Disk: failing(disk.OpCreate, 0, errBroken)}, 3, nil, errBroken},
		"not renamed":    {Config{Disk: failing(disk.OpCommit, 0, errBroken)}, 3, nil, errBroken},
		"not read again": {Config{Disk: failing(disk.OpRead, 1, errBroken)}, 3, nil, errBroken},
		"cancelled": {Config{}, 3, func(n *network, cancel context.CancelFunc) {
			n.before = func(_ string, _ ids.BlockID, data []byte) ([]byte, error) { cancel(); return data, nil }
		}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			net, to := large(t), newStore(t, c.cfg)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.prepare != nil {
				c.prepare(net, cancel)
			}
			err := to.Copy(ctx, net, Original{Shuffle: 1, Map: 0, Reduces: c.reduces, Addr: "a"})
			if !errors.Is(err, c.want) {
				t.Errorf("the copy ends with %v", err)
			}
			if left := files(t, to); len(left) > 0 || to.inMemory != 0 {
				t.Errorf("left: %v, %d bytes in memory", left, to.inMemory)
			}
			if _, err := to.OpenSegment(1, 0, 0); err == nil {
				t.Error("the copy is there")
			}
		})
	}
}

func TestASmallOutputThatIsDamagedIsNotTaken(t *testing.T) {
	from, to := newStore(t, Config{}), newStore(t, Config{})
	write(t, from, 1, 0, 2, nil, entry{0, "some"}, entry{1, "rows"})
	for at := range 8 + tailBytes(2) {
		net := &network{stores: map[string]*Store{"a": from}, before: func(_ string, _ ids.BlockID, data []byte) ([]byte, error) {
			data[at] ^= 1
			return data, nil
		}}
		if err := to.Copy(t.Context(), net, Original{Shuffle: 1, Reduces: 2, Addr: "a"}); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	if to.inMemory != 0 {
		t.Errorf("%d bytes are counted", to.inMemory)
	}
}

func TestACopyAndWhatIsHereAlready(t *testing.T) {
	for name, c := range map[string]struct {
		here     Original // generation and digest
		original Original
		fails    bool
		stays    bool
	}{
		"the same":              {Original{Generation: 1, Digest: 7}, Original{Generation: 1, Digest: 7}, false, true},
		"other rows":            {Original{Generation: 1, Digest: 8}, Original{Generation: 1, Digest: 7}, true, true},
		"nobody knows":          {Original{Generation: 1}, Original{Generation: 1}, true, true},
		"of a newer generation": {Original{Generation: 2, Digest: 7}, Original{Generation: 1, Digest: 7}, true, true},
		"of an older one":       {Original{Generation: 0, Digest: 7}, Original{Generation: 1, Digest: 7}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := newStore(t, Config{}), newStore(t, Config{})
			if _, _, err := commit(t, from, c.original.Generation, 1, "original", c.original.Digest); err != nil {
				t.Fatal(err)
			}
			if _, _, err := commit(t, to, c.here.Generation, 2, "here", c.here.Digest); err != nil {
				t.Fatal(err)
			}
			o := c.original
			o.Shuffle, o.Reduces, o.Addr = 1, 1, "a"
			err := to.Copy(t.Context(), &network{stores: map[string]*Store{"a": from}}, o)
			if (err != nil) != c.fails {
				t.Errorf("the copy ends with %v", err)
			}
			if stays := bytes.Contains([]byte(content(t, to, 0, 1)[0]), []byte("here")); stays != c.stays {
				t.Errorf("what was here before stays: %v", stays)
			}
		})
	}
}

func TestAnOutputThatIsNotThereCannotBeCopied(t *testing.T) {
	from, to := newStore(t, Config{}), newStore(t, Config{})
	err := to.Copy(t.Context(), &network{stores: map[string]*Store{"a": from}}, Original{Shuffle: 1, Map: 2, Reduces: 1, Addr: "a"})
	var missing *MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "map partition 2 of shuffle 1") {
		t.Errorf("%v", err)
	}
}
