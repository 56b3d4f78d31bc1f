package shuffle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

func TestLocalAndRemoteOutputsAreReadTogether(t *testing.T) {
	for name, cfg := range map[string]Config{"memory": {}, "files": inFiles} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 3, 7, 4, cfg, func(m int) []entry {
				return []entry{{3, fmt.Sprint("z", m)}, {0, fmt.Sprint("a", m)}, {3, fmt.Sprint("y", m)}, {0, ""}}
			})
			got, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 3)
			if want := "map[0:[z0 y0] 1:[z1 y1] 2:[z2 y2] 3:[z3 y3] 4:[z4 y4] 5:[z5 y5] 6:[z6 y6]]"; err != nil || fmt.Sprint(got) != want {
				t.Fatalf("%v, %v", got, err)
			}
			if len(c.net.requests) != 2 {
				t.Fatalf("segments of one address travel in one request; asked %v", c.net.requests)
			}
			count := 0
			stats, err := c.reader(ReadConfig{}).Read(t.Context(), Range{Input: c.in, From: 0, To: 4}, func(int, []byte) error { count++; return nil })
			if err != nil || count != 7*4 || stats.Segments != 14 || stats.RemoteBytes*7 != stats.Bytes*4 {
				t.Fatalf("a range: %d blocks, %+v, %v", count, stats, err)
			}
		})
	}
}

func TestEmptySegmentsAreNotAskedFor(t *testing.T) {
	c := newCluster(t, 2, 4, 3, Config{}, func(m int) []entry { return []entry{{m % 3, "x"}} })
	if got, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 1); err != nil || fmt.Sprint(got) != "map[1:[x]]" {
		t.Fatalf("%v, %v", got, err)
	}
	if got := fmt.Sprint(c.net.requests); got != "[[shuffle_1_1_1]]" {
		t.Fatalf("asked %s", got)
	}
	empty := &task.Input{Shuffle: 1, Reduces: 3}
	if got, err := read(t.Context(), c.reader(ReadConfig{}), empty, 1); err != nil || len(got) != 0 {
		t.Fatalf("a shuffle without map partitions: %v, %v", got, err)
	}
}

func TestBytesInFlightAreLimited(t *testing.T) {
	c := newCluster(t, 4, 40, 1, Config{}, func(m int) []entry { return []entry{{0, strings.Repeat("x", 992)}} }) // segments of 1000
	var asked, pushed, most int64
	c.net.fail = func(_ string, want []ids.BlockID) error {
		asked += int64(len(want)) * 1000
		most = max(most, asked-pushed)
		return nil
	}
	r := c.reader(ReadConfig{MaxBytesInFlight: 5000})
	_, err := r.Read(t.Context(), Range{Input: c.in, To: 1, Seed: 2}, func(m int, _ []byte) error {
		c.net.mu.Lock()
		defer c.net.mu.Unlock()
		if m%4 != 0 {
			pushed += 1000
		}
		return nil
	})
	if err != nil || most > 5000 || asked != 30000 {
		t.Fatalf("%v: %d bytes at once, %d asked", err, most, asked)
	}
	if len(c.net.requests) != 30 {
		t.Fatalf("%d requests of a fifth of the limit", len(c.net.requests))
	}
	if p, err := r.plan(Range{Input: c.in, To: 1, Seed: 5}); err != nil || p.requests[0].Addr != addr(3) || p.requests[1].Addr != addr(1) {
		t.Fatalf("seed 5 begins with the last of three addresses, then the others in turn: %+v, %v", p.requests[0], err)
	}
	small := c.reader(ReadConfig{MaxBytesInFlight: 10, MaxSegment: 1 << 20}) // one request is always allowed
	if got, err := read(t.Context(), small, c.in, 0); err != nil || len(got) != 40 {
		t.Fatalf("%d, %v", len(got), err)
	}
}

func TestOneCorruptAnswerIsAskedForAgain(t *testing.T) {
	c := newCluster(t, 2, 6, 1, Config{}, func(m int) []entry { return []entry{{0, fmt.Sprint("block ", m)}} })
	spoilt := 0
	c.net.before = func(_ string, id ids.BlockID, data []byte) ([]byte, error) {
		if id.B == 3 && spoilt == 0 {
			spoilt++
			data[5] ^= 4
		}
		return data, nil
	}
	got, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 0)
	if err != nil || len(got) != 6 || got[3][0] != "block 3" || len(got[3]) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if again := c.net.requests[len(c.net.requests)-1]; len(again) != 1 || again[0].B != 3 {
		t.Fatalf("asked again for %v", again)
	}
}

// expectFetchError checks that err names exactly this map output.
func expectFetchError(t *testing.T, err error, want task.Fetch, texts ...string) {
	t.Helper()
	var failed *FetchError
	if !errors.As(err, &failed) || failed.Fetch != want {
		t.Fatalf("got %v, want a fetch error for %+v", err, want)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Fatalf("%q does not say %q", err, text)
		}
	}
}

func TestARemoteSegmentThatStaysBadIsAFetchErrorForItsMap(t *testing.T) {
	for name, bad := range map[string]func(data []byte) ([]byte, error){
		"flipped":   func(d []byte) ([]byte, error) { d[0] ^= 1; return d, nil },
		"truncated": func(d []byte) ([]byte, error) { return d[:len(d)-5], nil },
		"empty":     func([]byte) ([]byte, error) { return nil, nil },
		"refused":   func([]byte) ([]byte, error) { return nil, errBroken },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 2, 6, 2, Config{}, func(m int) []entry { return []entry{{1, fmt.Sprint("block ", m)}} })
			c.net.before = func(_ string, id ids.BlockID, data []byte) ([]byte, error) {
				if id.B == 3 {
					return bad(data)
				}
				return data, nil
			}
			_, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 1)
			expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 3, Reduce: 1, Executor: 1}, "map partition 3 of shuffle 1", "executor 1 at host1:7077")
			asked := 0
			for _, req := range c.net.requests {
				for _, id := range req {
					if id.B == 3 {
						asked++
					}
				}
			}
			if asked != 2 {
				t.Fatalf("asked %d times", asked)
			}
		})
	}
}

func TestADamagedLocalOutputIsAFetchErrorForExactlyThatMap(t *testing.T) {
	for name, damage := range map[string]func(st *Store) error{
		"flipped":                func(st *Store) error { return st.Corrupt(1, 2, 1) },
		"truncated in the data":  func(st *Store) error { return os.Truncate(st.dir.Path("shuffle_1_2_2.data"), 20) },
		"truncated in the index": func(st *Store) error { return os.Truncate(st.dir.Path("shuffle_1_2_2.data"), 60) },
		"removed":                func(st *Store) error { return os.Remove(st.dir.Path("shuffle_1_2_2.data")) },
		"index zeroed": func(st *Store) error {
			f, err := os.OpenFile(st.dir.Path("shuffle_1_2_2.data"), os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt(make([]byte, 24), 2*(8+14))
			return err
		},
		"index wild": func(st *Store) error {
			f, err := os.OpenFile(st.dir.Path("shuffle_1_2_2.data"), os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte(strings.Repeat("\xff", 24)), 2*(8+14))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 1, 5, 2, inFiles, func(m int) []entry {
				return []entry{{0, fmt.Sprintf("first block %2d", m)}, {1, fmt.Sprintf("other block %2d", m)}}
			})
			if err := damage(c.stores[0]); err != nil {
				t.Fatal(err)
			}
			_, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 1)
			expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 2, Reduce: 1, Executor: 0}, "map partition 2", "this executor")
		})
	}
}

func TestACorruptSegmentInMemoryIsFoundToo(t *testing.T) {
	c := newCluster(t, 2, 4, 2, Config{}, func(m int) []entry { return []entry{{1, fmt.Sprint("block ", m)}} })
	if err := c.stores[1].Corrupt(1, 3, 1); err != nil {
		t.Fatal(err)
	}
	_, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 1)
	expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 3, Reduce: 1, Executor: 1})
	if err := c.stores[0].Corrupt(1, 2, 1); err != nil {
		t.Fatal(err)
	}
	_, err = NewReader(ReadConfig{}, 0, c.stores[0], c.net).Read(t.Context(), Range{Input: &task.Input{Shuffle: 1, Reduces: 2, Outputs: c.in.Outputs[:3]}, From: 1, To: 2},
		func(m int, _ []byte) error { return nil })
	expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 2, Reduce: 1, Executor: 0})
	if err := c.stores[0].Corrupt(1, 2, 0); err == nil {
		t.Fatal("an empty segment was corrupted")
	}
}

func TestAnOutputNobodyKnowsIsAFetchError(t *testing.T) {
	c := newCluster(t, 1, 3, 2, Config{}, func(m int) []entry { return []entry{{1, "x"}} })
	c.in.Outputs[1] = task.MapOutput{Executor: ids.Driver}
	_, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 1)
	expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 1, Reduce: 1, Executor: ids.Driver}, "on no executor")
	c.stores[0].RemoveShuffle(1)
	c.in.Outputs = c.in.Outputs[:1]
	_, err = read(t.Context(), c.reader(ReadConfig{}), c.in, 1)
	expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 0, Reduce: 1, Executor: 0}, "is not here")
}

func TestBadRangesAreRefused(t *testing.T) {
	c := newCluster(t, 2, 2, 2, Config{}, func(m int) []entry { return []entry{{1, "x"}} })
	for _, r := range []Range{{From: -1, To: 1}, {From: 1, To: 0}, {From: 0, To: 3}} {
		r.Input = c.in
		if _, err := c.reader(ReadConfig{}).Read(t.Context(), r, nil); err == nil {
			t.Fatalf("%+v was read", r)
		}
	}
	if _, err := read(t.Context(), NewReader(ReadConfig{}, 0, c.stores[0], nil), c.in, 1); err == nil {
		t.Fatal("remote outputs were read without a fetcher")
	}
}

func TestAConnectionThatFailsIsTriedAgainThenTheExecutorIsLost(t *testing.T) {
	for name, test := range map[string]struct {
		failures int
		err      error
		tries    int
		lost     bool
		wait     time.Duration
	}{
		"twice":         {2, errBroken, 3, false, 10 * time.Second},
		"always":        {99, errBroken, 4, true, 15 * time.Second},
		"executor gone": {99, fmt.Errorf("dial: %w", ErrGone), 1, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 2, 4, 2, Config{}, func(m int) []entry { return []entry{{1, fmt.Sprint(m)}} })
			synctest.Test(t, func(t *testing.T) {
				failures := test.failures
				c.net.fail = func(string, []ids.BlockID) error {
					if failures--; failures >= 0 {
						return test.err
					}
					return nil
				}
				begin := time.Now()
				got, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 1)
				if waited := time.Since(begin); waited != test.wait || len(c.net.requests) != test.tries {
					t.Fatalf("%d tries in %v", len(c.net.requests), waited)
				}
				if !test.lost {
					if err != nil || len(got) != 4 {
						t.Fatalf("%v, %v", got, err)
					}
					return
				}
				expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: -1, Reduce: 1, Executor: 1}, "executor 1 at host1:7077", test.err.Error())
			})
		})
	}
}

// halting answers one block, then fails until it is asked for the rest only.
type halting struct{ *network }

func (h halting) Fetch(ctx context.Context, addr string, want []ids.BlockID, got func(i int, data []byte, err error)) error {
	if len(want) == 1 {
		return h.network.Fetch(ctx, addr, want, got)
	}
	middle := len(want) / 2
	data, err := h.serve(addr, want[middle])
	got(middle, data, err)
	got(middle, data, err) // an answer given twice counts once
	return errBroken
}

func TestAfterAFailureOnlyTheRestIsAskedFor(t *testing.T) {
	c := newCluster(t, 2, 8, 1, Config{}, func(m int) []entry { return []entry{{0, fmt.Sprint(m)}} })
	r := NewReader(ReadConfig{Retries: 5, RetryWait: 1}, 0, c.stores[0], halting{c.net})
	got, err := read(t.Context(), r, c.in, 0)
	if err != nil || fmt.Sprint(got) != "map[0:[0] 1:[1] 2:[2] 3:[3] 4:[4] 5:[5] 6:[6] 7:[7]]" {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestAServerThatSaysNothingIsAFetchError(t *testing.T) {
	c := newCluster(t, 2, 2, 1, Config{}, func(m int) []entry { return []entry{{0, "x"}} })
	r := NewReader(ReadConfig{}, 0, c.stores[0], silent{})
	_, err := read(t.Context(), r, c.in, 0)
	expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 1, Executor: 1}, errUnanswered.Error())
}

type silent struct{}

func (silent) Fetch(context.Context, string, []ids.BlockID, func(int, []byte, error)) error {
	return nil
}

// stuck never answers; it only sees the end of its context.
type stuck struct{ asked chan struct{} }

func (s stuck) Fetch(ctx context.Context, _ string, _ []ids.BlockID, _ func(int, []byte, error)) error {
	s.asked <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

func TestCancellingEndsTheReadWithItsCause(t *testing.T) {
	c := newCluster(t, 2, 2, 1, Config{}, func(m int) []entry { return []entry{{0, "x"}} })
	ctx, cancel := context.WithCancelCause(t.Context())
	s := stuck{make(chan struct{})}
	go func() {
		<-s.asked
		cancel(errBroken)
	}()
	_, err := read(ctx, NewReader(ReadConfig{}, 0, c.stores[0], s), c.in, 0)
	if err != errBroken {
		t.Fatalf("got %v", err)
	}
	local := &task.Input{Shuffle: 1, Reduces: 1, Outputs: c.in.Outputs[:1]}
	if _, err := read(ctx, c.reader(ReadConfig{}), local, 0); err != errBroken {
		t.Fatalf("a local read: %v", err)
	}
	// A wait before the next try ends at once, too.
	ctx, cancel = context.WithCancelCause(t.Context())
	c.net.fail = func(string, []ids.BlockID) error { cancel(errBroken); return errors.New("connection refused") }
	if _, err := read(ctx, NewReader(ReadConfig{RetryWait: time.Hour}, 0, c.stores[0], c.net), c.in, 0); err != errBroken {
		t.Fatalf("while waiting: %v", err)
	}
}

func TestAnErrorOfPushEndsTheReadAtOnce(t *testing.T) {
	for executors := range 3 {
		c := newCluster(t, executors+1, 9, 1, Config{}, func(m int) []entry { return []entry{{0, "x"}, {0, "y"}} })
		calls := 0
		_, err := c.reader(ReadConfig{MaxBytesInFlight: 1}).Read(t.Context(), Range{Input: c.in, To: 1}, func(int, []byte) error { calls++; return errBroken })
		if err != errBroken || calls != 1 {
			t.Fatalf("%v after %d calls", err, calls)
		}
	}
}

func TestALargeLocalSegmentComesInPieces(t *testing.T) {
	st := newStore(t, Config{})
	w := st.NewWriter(1, 0, 2, 0, &allowance{limit: 2 << 20})
	var want int64
	block := make([]byte, 6<<20)
	for i := range block {
		block[i] = byte(i * i >> 7)
	}
	for i, size := range []int{1 << 20, 3<<20 + 17, 0, 5, 6 << 20, 1 << 20, 2 << 20, 12345} {
		block[0] = byte(i)
		if err := w.Append(1, block[:size]); err != nil {
			t.Fatal(err)
		}
		want += int64(size)
	}
	sizes, _, err := w.Commit(0)
	if err != nil {
		t.Fatal(err)
	}
	in := &task.Input{Shuffle: 1, Reduces: 2, Outputs: []task.MapOutput{{Sizes: task.PackSizes(sizes)}}}
	var got, count int64
	r := NewReader(ReadConfig{}, 0, st, nil)
	all := Range{Input: in, From: 1, To: 2}
	_, err = r.Read(t.Context(), all, func(m int, b []byte) error {
		if len(b) > 1 && (b[0] != byte(count) || b[len(b)-1] != block[len(b)-1]) {
			t.Fatalf("block %d begins with %d", count, b[0])
		}
		got += int64(len(b))
		count++
		return nil
	})
	if err != nil || got != want || count != 8 {
		t.Fatalf("%d blocks of %d bytes, %v", count, got, err)
	}
	if _, err := r.Read(t.Context(), all, func(int, []byte) error { return errBroken }); err != errBroken {
		t.Fatalf("push's own error: %v", err)
	}
	if err := st.Corrupt(1, 0, 1); err != nil {
		t.Fatal(err)
	}
	_, err = r.Read(t.Context(), all, func(int, []byte) error { t.Fatal("a block of a damaged segment"); return nil })
	expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 0, Reduce: 1})
}

func TestABrokenDiskIsAFetchErrorOfALocalRead(t *testing.T) {
	c := newCluster(t, 1, 2, 1, Config{MemoryEach: -1, Disk: failing(disk.OpRead, 0, errBroken)}, func(m int) []entry { return []entry{{0, "x"}} })
	_, err := read(t.Context(), c.reader(ReadConfig{}), c.in, 0)
	expectFetchError(t, err, task.Fetch{Shuffle: 1, Map: 0}, "errBroken", c.stores[0].cfg.Dir)
}

// TestUnderRandomFaultsAReadIsRightOrNamesTheFault lets answers fail at random; what is read is then complete, or the error is a
// fetch error of an executor that misbehaved.
func TestUnderRandomFaultsAReadIsRightOrNamesTheFault(t *testing.T) {
	const executors, maps, reduces = 4, 13, 3
	c := newCluster(t, executors, maps, reduces, Config{}, func(m int) (list []entry) {
		for i := range m % 5 {
			list = append(list, entry{i % reduces, fmt.Sprintf("%d/%d", m, i)})
		}
		return list
	})
	rapid.Check(t, func(rt *rapid.T) {
		guilty := map[string]bool{}
		odds := rapid.IntRange(0, 30).Draw(rt, "percent")
		dice := rapid.Uint64().Draw(rt, "dice")
		roll := func() bool {
			dice = dice*6364136223846793005 + 1442695040888963407
			return int(dice>>33%100) < odds
		}
		c.net.fail = func(addr string, _ []ids.BlockID) error {
			if roll() {
				guilty[addr] = true
				return errBroken
			}
			return nil
		}
		c.net.before = func(addr string, id ids.BlockID, data []byte) ([]byte, error) {
			if roll() {
				guilty[addr] = true
				data[len(data)/2] ^= 1
			}
			return data, nil
		}
		r := c.reader(ReadConfig{RetryWait: 1, Retries: 1, MaxRequests: rapid.IntRange(1, 3).Draw(rt, "requests"), MaxBytesInFlight: int64(rapid.IntRange(1, 200).Draw(rt, "bytes")), MaxSegment: int64(rapid.IntRange(1, 60).Draw(rt, "segment"))})
		reduce := rapid.IntRange(0, reduces-1).Draw(rt, "reduce")
		got, err := read(t.Context(), r, c.in, reduce)
		var failed *FetchError
		if errors.As(err, &failed) {
			if !guilty[failed.Addr] {
				rt.Fatalf("%v is innocent: %v", failed.Addr, err)
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		for m := range maps {
			var want []string
			for i := range m % 5 {
				if i%reduces == reduce {
					want = append(want, fmt.Sprintf("%d/%d", m, i))
				}
			}
			if fmt.Sprint(got[m]) != fmt.Sprint(want) {
				rt.Fatalf("map %d: %v, want %v", m, got[m], want)
			}
		}
	})
}
