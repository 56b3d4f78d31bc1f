package shuffle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newStore gives a store that must leave no file behind.
func newStore(t testing.TB, cfg Config) *Store {
	t.Helper()
	cfg.Dir = filepath.Join(t.TempDir(), "shuffle")
	st, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(cfg.Dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("left after Close: %v, %v", files(t, st), err)
		}
		if st.inMemory != 0 {
			t.Errorf("%d bytes counted after Close", st.inMemory)
		}
	})
	return st
}

// files gives the names of the files that a store has.
func files(t testing.TB, st *Store) (names []string) {
	err := filepath.WalkDir(st.cfg.Dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, e.Name())
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}

// allowance is a Memory that grants up to limit bytes.
type allowance struct{ limit, held, most int64 }

func (a *allowance) Grow(n int64) bool {
	if a.held+n > a.limit {
		return false
	}
	a.held += n
	a.most = max(a.most, a.held)
	return true
}

func (a *allowance) Shrink(n int64) { a.held -= n }

// entry is one block on its way.
type entry struct {
	reduce int
	block  string
}

// write runs one map task and gives its sizes.
func write(t testing.TB, st *Store, shuffle ids.ShuffleID, mapPartition, reduces int, mem Memory, entries ...entry) []int64 {
	t.Helper()
	w := st.NewWriter(shuffle, mapPartition, reduces, ids.TaskID(mapPartition), mem)
	for _, e := range entries {
		if err := w.Append(e.reduce, []byte(e.block)); err != nil {
			t.Fatal(err)
		}
	}
	sizes, _, err := w.Commit(0)
	if err != nil {
		t.Fatal(err)
	}
	return sizes
}

// network is a Fetcher over the stores of other executors, by address; before may interfere with each answer.
type network struct {
	stores map[string]*Store
	before func(addr string, id ids.BlockID, data []byte) ([]byte, error) // under mu
	fail   func(addr string, want []ids.BlockID) error                    // before anything is answered; under mu
	order  func(n int) []int                                              // in which a request is answered; under mu

	mu       sync.Mutex
	requests [][]ids.BlockID
}

func (n *network) Fetch(ctx context.Context, addr string, want []ids.BlockID, got func(i int, data []byte, err error)) error {
	n.mu.Lock()
	n.requests = append(n.requests, want)
	var err error
	if n.fail != nil {
		err = n.fail(addr, want)
	}
	order := upTo(len(want))
	if n.order != nil {
		order = n.order(len(want))
	}
	n.mu.Unlock()
	if err != nil {
		return err
	}
	for _, i := range order {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		data, err := n.serve(addr, want[i])
		got(i, data, err)
	}
	return nil
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

func (n *network) serve(addr string, id ids.BlockID) ([]byte, error) {
	st := n.stores[addr]
	if st == nil {
		return nil, fmt.Errorf("nobody at %s", addr)
	}
	var seg Segment
	var err error
	switch of, piece, ok := id.AsSegment(); {
	case ok:
		seg, err = st.OpenSegmentPiece(ids.ShuffleID(of.A), int(of.B), int(of.C), piece)
	case id.Kind == ids.OutputBlock:
		seg, err = st.OpenPiece(ids.ShuffleID(id.A), int(id.B), int(id.C))
	default:
		seg, err = st.OpenSegment(ids.ShuffleID(id.A), int(id.B), int(id.C))
	}
	if err != nil {
		return nil, err
	}
	defer seg.Close()
	data := bytes.Clone(seg.Data)
	if seg.File != nil {
		if data, err = io.ReadAll(io.NewSectionReader(seg.File, seg.Offset, seg.Size)); err != nil {
			return nil, err
		}
	}
	if n.before != nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.before(addr, id, data)
	}
	return data, nil
}

// read gives the blocks of each map partition for one reduce partition, which come in the order of map partitions.
func read(ctx context.Context, r *Reader, in *task.Input, reduce int) (map[int][]string, error) {
	blocks, last := map[int][]string{}, 0
	_, err := r.Read(ctx, Range{Input: in, From: reduce, To: reduce + 1, Seed: uint64(reduce)}, func(m int, block []byte) error {
		if m < last {
			return fmt.Errorf("map partition %d came after %d", m, last)
		}
		last = m
		blocks[m] = append(blocks[m], string(block))
		return nil
	})
	return blocks, err
}

// cluster is some executors that hold map outputs of shuffle 1, map partition m at executor m % executors, and their reader:
// executor 0.
type cluster struct {
	stores []*Store
	net    *network
	in     *task.Input
}

func newCluster(t testing.TB, executors, maps, reduces int, cfg Config, blocks func(m int) []entry) *cluster {
	c := &cluster{net: &network{stores: map[string]*Store{}}, in: &task.Input{Shuffle: 1, Reduces: reduces}}
	for x := range executors {
		st := newStore(t, cfg)
		c.stores = append(c.stores, st)
		c.net.stores[addr(x)] = st
	}
	for m := range maps {
		x := m % executors
		sizes := write(t, c.stores[x], 1, m, reduces, nil, blocks(m)...)
		c.in.Outputs = append(c.in.Outputs, task.MapOutput{Executor: ids.ExecutorID(x), Addr: addr(x), Sizes: task.PackSizes(sizes)})
	}
	return c
}

func (c *cluster) reader(cfg ReadConfig) *Reader { return NewReader(cfg, 0, c.stores[0], c.net) }

func addr(executor int) string { return fmt.Sprintf("host%d:7077", executor) }

var inFiles = Config{MemoryEach: -1}

var errBroken = errors.New("errBroken")

// failing gives a fault that fails the n-th operation of a kind, and all later ones.
func failing(op disk.Op, n int, err error) disk.Options {
	var mu sync.Mutex
	return disk.Options{Fault: func(o disk.Op, _ string, _ int) error {
		mu.Lock()
		defer mu.Unlock()
		if o == op {
			n--
		}
		if o == op && n < 0 {
			return err
		}
		return nil
	}}
}
