package shuffle

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

func TestASmallOutputStaysInMemoryAndALargeOneGoesToOneFile(t *testing.T) {
	st := newStore(t, Config{MemoryEach: 100, MemoryTotal: 150})
	small := entry{1, strings.Repeat("s", 60)}
	if sizes := write(t, st, 1, 0, 3, nil, small); !slices.Equal(sizes, []int64{0, 68, 0}) {
		t.Fatalf("sizes %v", sizes)
	}
	if left := files(t, st); len(left) != 0 {
		t.Fatalf("a small output made %v", left)
	}
	write(t, st, 1, 1, 3, nil, entry{2, strings.Repeat("l", 200)})
	write(t, st, 1, 2, 3, nil, small)
	write(t, st, 1, 3, 3, nil, small) // the third small one is over the total
	if got := files(t, st); !slices.Contains(got, "shuffle_1_1_1.data") || !slices.Contains(got, "shuffle_1_3_3.data") || len(got) != 2 {
		t.Fatalf("files %v", got)
	}
	if err := st.RemoveShuffle(1); err != nil {
		t.Fatal(err)
	}
	if got := files(t, st); len(got) != 0 || st.inMemory != 0 {
		t.Fatalf("left %v, %d bytes counted", got, st.inMemory)
	}
	if _, err := st.OpenSegment(1, 0, 1); !errors.As(err, new(*MissingError)) {
		t.Fatalf("a removed output: %v", err)
	}
}

func TestRandomBlocksUnderRandomMemoryReadBackEqual(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		reduces := rapid.SampledFrom([]int{1, 2, 7, 300}).Draw(rt, "reduces")
		tasks := rapid.IntRange(1, 3).Draw(rt, "maps")
		st, err := Open(Config{Dir: t.TempDir() + "/s", MemoryEach: rapid.SampledFrom([]int64{-1, 1000, 1 << 20}).Draw(rt, "each")})
		if err != nil {
			rt.Fatal(err)
		}
		defer st.Close()
		in := &task.Input{Shuffle: 4, Reduces: reduces}
		want := make([]map[int][]string, reduces)
		for m := range tasks {
			limit := rapid.SampledFrom([]int64{0, 10 << 10, 600 << 10, 1 << 30}).Draw(rt, "memory")
			mem := &allowance{limit: limit}
			w := st.NewWriter(4, m, reduces, ids.TaskID(m), mem)
			chance := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
			largest := rapid.SampledFrom([]int{1, 100, 20 << 10, 300 << 10}).Draw(rt, "largest")
			for range rapid.IntRange(0, 40).Draw(rt, "blocks") {
				reduce, block := chance.IntN(reduces), make([]byte, chance.IntN(largest))
				for i := range min(len(block), 64) {
					block[i] = byte(chance.Uint32())
				}
				if err := w.Append(reduce, block); err != nil {
					rt.Fatal(err)
				}
				if want[reduce] == nil {
					want[reduce] = map[int][]string{}
				}
				want[reduce][m] = append(want[reduce][m], string(block))
			}
			if most := limit + leastHeld + int64(largest); w.Peak() > most || mem.most > limit {
				rt.Fatalf("held %d with %d granted", w.Peak(), mem.most)
			}
			sizes, _, err := w.Commit(0)
			if err != nil || mem.held != 0 {
				rt.Fatalf("%v; %d bytes not given back", err, mem.held)
			}
			in.Outputs = append(in.Outputs, task.MapOutput{Executor: 3, Sizes: task.PackSizes(sizes)})
		}
		r := NewReader(ReadConfig{}, 3, st, nil)
		for reduce := range reduces {
			got, err := read(t.Context(), r, in, reduce)
			if err != nil {
				rt.Fatal(err)
			}
			if !maps.EqualFunc(got, want[reduce], slices.Equal) {
				rt.Fatalf("reduce partition %d: %d maps read, %d written", reduce, len(got), len(want[reduce]))
			}
		}
		for _, name := range files(t, st) {
			if !strings.HasSuffix(name, ".data") {
				rt.Fatalf("left %s", name)
			}
		}
	})
}

func TestAWriterSpillsWhenItIsGrantedNoMore(t *testing.T) {
	st := newStore(t, inFiles)
	mem := &allowance{limit: 2 << 20}
	w := st.NewWriter(1, 0, 4, 0, mem)
	for i := range 1000 {
		if err := w.Append(i%4, make([]byte, 16<<10)); err != nil {
			t.Fatal(err)
		}
	}
	memory, disk := w.Spilled()
	if disk < 12<<20 || memory < disk || w.Peak() > 2<<20 {
		t.Fatalf("spilled %d of memory to %d on disk, held %d", memory, disk, w.Peak())
	}
	if got := files(t, st); len(got) != 1 || got[0] != "temp_shuffle_1_0_0.part" {
		t.Fatalf("a spill uses one file, which nobody else can open: %v", got)
	}
	if _, _, err := w.Commit(0); err != nil || mem.held != 0 {
		t.Fatalf("%v, %d bytes held", err, mem.held)
	}
}

func TestTheFirstCommitWins(t *testing.T) {
	for _, cfg := range []Config{{}, inFiles} {
		st := newStore(t, cfg)
		first, second := st.NewWriter(1, 0, 2, 10, nil), st.NewWriter(1, 0, 2, 11, nil)
		first.Append(0, []byte("first"))
		second.Append(1, []byte("second attempt"))
		want, _, err := first.Commit(0)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := second.Commit(0)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v, %v; want the sizes of the first: %v", got, err, want)
		}
		if names := files(t, st); len(names) > 1 {
			t.Fatalf("files %v", names)
		}
		seg, err := st.OpenSegment(1, 1, 0)
		if err == nil {
			t.Fatalf("a map partition that nobody wrote: %v", seg)
		}
	}
}

func TestADamagedFirstOutputIsReplaced(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"removed":   os.Remove,
		"truncated": func(path string) error { return os.Truncate(path, 30) },
	} {
		t.Run(name, func(t *testing.T) {
			st := newStore(t, inFiles)
			write(t, st, 1, 0, 2, nil, entry{0, "the first attempt"})
			if err := damage(st.dir.Path("shuffle_1_0_0.data")); err != nil {
				t.Fatal(err)
			}
			w := st.NewWriter(1, 0, 2, 1, nil)
			w.Append(0, []byte("again"))
			sizes, _, err := w.Commit(0)
			if err != nil {
				t.Fatal(err)
			}
			in := &task.Input{Shuffle: 1, Reduces: 2, Outputs: []task.MapOutput{{Sizes: task.PackSizes(sizes)}}}
			got, err := read(t.Context(), NewReader(ReadConfig{}, 0, st, nil), in, 0)
			if err != nil || fmt.Sprint(got) != "map[0:[again]]" {
				t.Fatalf("%v, %v", got, err)
			}
		})
	}
}

func TestManyAttemptsAtOnceAgreeOnOneOutput(t *testing.T) {
	st := newStore(t, inFiles)
	var wg sync.WaitGroup
	sizes := make([][]int64, 8)
	for attempt := range sizes {
		wg.Go(func() {
			w := st.NewWriter(1, 0, 2, ids.TaskID(attempt), nil)
			w.Append(attempt%2, make([]byte, 100+attempt))
			var err error
			if sizes[attempt], _, err = w.Commit(0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range sizes {
		if !slices.Equal(s, sizes[0]) {
			t.Fatalf("sizes %v", sizes)
		}
	}
	if names := files(t, st); len(names) != 1 {
		t.Fatalf("files %v", names)
	}
}

func TestAFailingDiskGivesOneClearErrorAndLeavesNothing(t *testing.T) {
	for _, op := range []disk.Op{disk.OpCreate, disk.OpWrite, disk.OpRead, disk.OpCommit} {
		for _, n := range []int{0, 1, 2, 3, 4, 7} {
			st := newStore(t, Config{MemoryEach: -1, Disk: failing(op, n, syscall.ENOSPC)})
			mem := &allowance{limit: 1 << 20}
			w := st.NewWriter(3, 7, 5, 1, mem)
			var err error
			for i := 0; i < 200 && err == nil; i++ {
				err = w.Append(i%5, make([]byte, 20<<10))
			}
			if err == nil {
				_, _, err = w.Commit(0)
			} else {
				if again := w.Append(0, nil); again != err {
					t.Fatalf("a later append says %v, the first error was %v", again, err)
				}
				if _, _, again := w.Commit(0); again != err {
					t.Fatalf("the commit says %v, the first error was %v", again, err)
				}
			}
			w.Discard()
			if mem.held != 0 {
				t.Fatalf("%s %d: %d bytes held", op, n, mem.held)
			}
			if err == nil {
				continue // fewer operations than n
			}
			text := err.Error()
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(text, st.cfg.Dir) || !strings.Contains(text, "map partition 7 of shuffle 3") || !strings.Contains(text, "kiln.local.dir") {
				t.Fatalf("%s %d: %v", op, n, err)
			}
			if names := files(t, st); len(names) > 0 {
				t.Fatalf("%s %d: left %v", op, n, names)
			}
		}
	}
}

func TestADiscardedWriterLeavesNothing(t *testing.T) {
	st := newStore(t, inFiles)
	mem := &allowance{limit: 300 << 10}
	w := st.NewWriter(1, 0, 2, 0, mem)
	for range 100 {
		if err := w.Append(1, make([]byte, 10<<10)); err != nil {
			t.Fatal(err)
		}
	}
	w.Discard()
	w.Discard()
	if names := files(t, st); len(names) > 0 || mem.held != 0 {
		t.Fatalf("left %v, %d bytes", names, mem.held)
	}
	if err := w.Append(0, nil); err == nil {
		t.Fatal("a block after the end was taken")
	}
	if _, _, err := w.Commit(0); err == nil {
		t.Fatal("a discarded writer committed")
	}
}

func TestBadAppendsAreRefused(t *testing.T) {
	st := newStore(t, Config{})
	for _, reduce := range []int{-1, 2, 1 << 40} {
		w := st.NewWriter(1, 0, 2, 0, nil)
		if err := w.Append(reduce, nil); err == nil {
			t.Fatalf("a block for reduce partition %d of 2", reduce)
		}
		w.Discard()
	}
	if _, err := Open(Config{}); err == nil {
		t.Fatal("a store without a directory")
	}
	w := st.NewWriter(1, 0, 2, 0, nil)
	st.Close()
	if _, _, err := w.Commit(0); err == nil {
		t.Fatal("a closed store took an output")
	}
}

func TestACorruptSpillIsNotMerged(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"flipped": func(path string) error {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte{1}, 1000)
			return err
		},
		"truncated": func(path string) error { return os.Truncate(path, 1000) },
	} {
		t.Run(name, func(t *testing.T) {
			st := newStore(t, inFiles)
			w := st.NewWriter(1, 0, 2, 0, &allowance{limit: 300 << 10})
			for range 100 {
				if err := w.Append(1, make([]byte, 10<<10)); err != nil {
					t.Fatal(err)
				}
			}
			if err := damage(st.dir.Path("temp_shuffle_1_0_0") + ".part"); err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.Commit(0); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "temp_shuffle_1_0_0") {
				t.Fatalf("got %v", err)
			}
			if names := files(t, st); len(names) > 0 {
				t.Fatalf("left %v", names)
			}
		})
	}
}

func TestOpenFilesAreBounded(t *testing.T) {
	st := newStore(t, Config{MemoryEach: -1, OpenFiles: 3})
	for m := range 10 {
		write(t, st, 1, m, 2, nil, entry{1, fmt.Sprint(m)})
	}
	var held []Segment
	for m := range 10 {
		seg, err := st.OpenSegment(1, m, 1)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, seg)
	}
	if err := st.RemoveShuffle(1); err != nil {
		t.Fatal(err)
	}
	for m, seg := range held { // readable although removed
		p := make([]byte, 1)
		if _, err := seg.File.ReadAt(p, seg.Offset+prefixBytes); err != nil || string(p) != fmt.Sprint(m) {
			t.Fatalf("%q, %v", p, err)
		}
		seg.Close()
		seg.Close()
		if _, err := seg.File.ReadAt(p, 0); !errors.Is(err, os.ErrClosed) {
			t.Fatalf("the file is still open: %v", err)
		}
	}
}
