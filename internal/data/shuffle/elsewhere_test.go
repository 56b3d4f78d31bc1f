package shuffle

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// copied is a cluster whose outputs have several places, some of which fail.
type copied struct {
	*cluster
	blocks  [][]entry              // by map partition
	gone    []bool                 // by executor: nobody answers
	missing []map[int]bool         // by executor: map partitions that it does not have after all
	bad     []map[ids.BlockID]bool // by executor: segments that arrive damaged
}

func newCopied(t *testing.T, chance *rand.Rand, executors, maps, reduces int) *copied {
	blocks := func(m int) []entry {
		var list []entry
		for r := range reduces {
			for i := range chance.IntN(3) {
				list = append(list, entry{r, fmt.Sprintf("%d-%d-%d", m, r, i)})
			}
		}
		return list
	}
	all := make([][]entry, maps)
	for m := range all {
		all[m] = blocks(m)
	}
	c := &copied{cluster: newCluster(t, executors, maps, reduces, Config{MemoryEach: int64(chance.IntN(2)) - 1}, func(m int) []entry { return all[m] }), blocks: all}
	for x := range executors {
		c.gone, c.missing, c.bad = append(c.gone, x > 0 && chance.IntN(4) == 0), append(c.missing, map[int]bool{}), append(c.bad, map[ids.BlockID]bool{})
	}
	for m := range maps {
		for x := range executors {
			if x != m%executors && chance.IntN(2) == 0 {
				write(t, c.stores[x], 1, m, reduces, nil, all[m]...)
				c.in.Outputs[m].Copies = append(c.in.Outputs[m].Copies, task.Location{Executor: ids.ExecutorID(x), Addr: addr(x)})
			}
		}
	}
	for x := range executors {
		for m := range maps {
			c.harm(t, chance, x, m, reduces)
		}
	}
	c.net.fail = func(at string, _ []ids.BlockID) error {
		if c.gone[number(at)] {
			return errBroken
		}
		return nil
	}
	c.net.before = func(at string, id ids.BlockID, data []byte) ([]byte, error) {
		if c.missing[number(at)][int(id.B)] {
			return nil, &MissingError{Shuffle: 1, Map: int(id.B)}
		}
		return data, nil
	}
	c.net.order = chance.Perm
	return c
}

// harm damages what executor x has of map partition m, in one of three ways or not at all.
func (c *copied) harm(t *testing.T, chance *rand.Rand, x, m, reduces int) {
	if !slices.ContainsFunc(c.places(m), func(e ids.ExecutorID) bool { return int(e) == x }) {
		return
	}
	switch chance.IntN(6) {
	case 0:
		if c.missing[x][m] = true; x == 0 {
			c.stores[0].lose(1, m)
		}
	case 1:
		for r := range reduces {
			if c.in.Outputs[m].Sizes.At(r) > 0 && chance.IntN(2) == 0 {
				if err := c.stores[x].Corrupt(1, m, r); err != nil {
					t.Fatal(err)
				}
				c.bad[x][ids.Shuffle(1, m, r)] = true
			}
		}
	}
}

// lose forgets one output.
func (st *Store) lose(shuffle ids.ShuffleID, m int) {
	st.mu.Lock()
	out := st.shuffles[shuffle][m]
	st.shuffles[shuffle][m] = nil
	st.forget(out)
	st.mu.Unlock()
	if out.file != "" {
		_ = st.dir.Remove(out.file)
	}
}

func number(at string) (x int) {
	fmt.Sscanf(at, "host%d:", &x)
	return x
}

func (c *copied) places(m int) []ids.ExecutorID {
	list := []ids.ExecutorID{c.in.Outputs[m].Executor}
	for _, at := range c.in.Outputs[m].Copies {
		list = append(list, at.Executor)
	}
	return list
}

// readable says whether a segment can be had from an executor.
func (c *copied) readable(x ids.ExecutorID, m, reduce int) bool {
	return !c.gone[x] && !c.missing[x][m] && !c.bad[x][ids.Shuffle(1, m, reduce)]
}

func TestAReaderComesThroughExactlyWhenEverySegmentCanBeHadSomewhere(t *testing.T) {
	seed := uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		seed = rapid.Uint64().Draw(rt, "seed")
		synctest.Test(t, func(t *testing.T) { testCopied(t, seed) })
		if t.Failed() {
			rt.Fatalf("seed %d", seed)
		}
	})
}

func testCopied(t *testing.T, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 0))
	reduces := 1 + chance.IntN(3)
	c := newCopied(t, chance, 2+chance.IntN(3), 1+chance.IntN(6), reduces)
	from := chance.IntN(reduces)
	to := from + 1 + chance.IntN(reduces-from)
	var got []string
	r := c.reader(ReadConfig{MaxBytesInFlight: int64(1 + chance.IntN(200)), MaxSegment: int64(1 + chance.IntN(100)), Retries: chance.IntN(3) - 1, RetryWait: time.Second})
	_, err := r.Read(t.Context(), Range{Input: c.in, From: from, To: to, Seed: chance.Uint64()}, func(_ int, block []byte) error {
		got = append(got, string(block))
		return nil
	})
	lost := false
	var want []string
	for m, out := range c.in.Outputs {
		for _, e := range c.blocks[m] {
			if e.reduce >= from && e.reduce < to {
				want = append(want, e.block)
			}
		}
		for reduce := from; reduce < to; reduce++ {
			some := slices.ContainsFunc(c.places(m), func(x ids.ExecutorID) bool { return c.readable(x, m, reduce) })
			lost = lost || out.Sizes.At(reduce) > 0 && !some
		}
	}
	var f *FetchError
	switch {
	case errors.As(err, &f):
		m, x := int(f.Fetch.Map), f.Fetch.Executor
		if !lost {
			t.Errorf("everything can be had, and the reader says %v", err)
		}
		if m < 0 && !c.gone[x] || m >= 0 && (c.readable(x, m, int(f.Fetch.Reduce)) || !slices.Contains(c.places(m), x)) {
			t.Errorf("it blames the wrong one: %+v, %v", f.Fetch, err)
		}
	case err != nil:
		t.Error(err)
	case lost:
		t.Error("a segment can be had nowhere, and the reader does not say so")
	}
	if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) || err == nil && len(got) != len(want) {
		t.Errorf("came %v, want %v, in this order", got, want)
	}
}
