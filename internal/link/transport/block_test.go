package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/link/identity"
)

// fetchers are the ways in which blocks come: all keep the same promises.
var fetchers = map[string]func(t testing.TB, p Provider) (Fetcher, string){
	"local": func(_ testing.TB, p Provider) (Fetcher, string) {
		return LocalFetcher(func(addr string) Provider {
			if addr == "mem://0" {
				return p
			}
			return nil
		}), "mem://0"
	},
	"unix": func(t testing.TB, p Provider) (Fetcher, string) {
		s, c := served(t, "unix", p, ClientConfig{Window: largestData})
		return c, s.Addr()
	},
	"tcp": func(t testing.TB, p Provider) (Fetcher, string) {
		s, c := served(t, "tcp", p, ClientConfig{})
		return c, s.Addr()
	},
}

func onEveryFetcher(t *testing.T, p Provider, test func(t *testing.T, f Fetcher, addr string)) {
	for name, make := range fetchers {
		t.Run(name, func(t *testing.T) {
			f, addr := make(t, p)
			test(t, f, addr)
		})
	}
}

// answer is what got was called with.
type answer struct {
	data []byte
	err  error
}

// fetch collects the answers and checks their order.
func fetch(ctx context.Context, t testing.TB, f Fetcher, addr string, want []ids.BlockID) ([]answer, error) {
	t.Helper()
	var all []answer
	err := f.Fetch(ctx, addr, want, func(i int, data []byte, err error) {
		if i != len(all) {
			t.Errorf("answer %d came instead of %d", i, len(all))
		}
		all = append(all, answer{data, err})
	})
	return all, err
}

func TestBlocksComeAsTheyAre(t *testing.T) {
	s, want, contents := fill(t, 0, 0, 4, 4, 1, 1, 5, 5, 1000, 1000, 1024, 1024, smallData, smallData, smallData+1, smallData+1,
		frameData, frameData, frameData, frameData, frameData+1, frameData+1, 3*frameData+77, 3*frameData+77, 5<<20, 5<<20, 5<<20, 5<<20, 20<<20)
	onEveryFetcher(t, s, func(t *testing.T, f Fetcher, addr string) {
		for range 2 { // the second time over a connection that was used
			got, err := fetch(t.Context(), t, f, addr, want)
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range got {
				if a.err != nil || !bytes.Equal(a.data, contents[i]) {
					t.Errorf("block %d of %d bytes came as %d, %v", i, len(contents[i]), len(a.data), a.err)
				}
			}
		}
		if n := s.open.Load(); n != 0 {
			t.Errorf("%d blocks were not released", n)
		}
	})
}

func TestDataGoesToWhereItsReceiverWantsIt(t *testing.T) {
	s, want, contents := fill(t, 3*frameData+77, 0, 1000, frameData, 5)
	onEveryFetcher(t, s, func(t *testing.T, f Fetcher, addr string) {
		var rooms [5][]byte
		room := func(i int, size int64) []byte {
			if size != int64(len(contents[i])) {
				t.Errorf("block %d of %d bytes was announced with %d", i, len(contents[i]), size)
			}
			if i%2 == 0 {
				rooms[i] = make([]byte, size, size+100)
			}
			return rooms[i]
		}
		err := f.FetchInto(t.Context(), addr, want, room, func(i int, data []byte, err error) {
			if err != nil || !bytes.Equal(data, contents[i]) || i%2 == 0 && &data[0] != &rooms[i][0] {
				t.Errorf("block %d of %d bytes came as %d, %v", i, len(contents[i]), len(data), err)
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestRandomRequestsAreAnsweredInOrder(t *testing.T) {
	s, all, contents := fill(t, 10, 20, 3000, 4000, 70_000, 300_000, 600_000, 500_000)
	f, addr := fetchers["unix"](t, s)
	rapid.Check(t, func(rt *rapid.T) {
		picks := rapid.SliceOfN(rapid.IntRange(-1, len(all)-1), 0, 30).Draw(rt, "blocks")
		want := make([]ids.BlockID, len(picks))
		for i, p := range picks {
			want[i] = ids.Result(99) // not there
			if p >= 0 {
				want[i] = all[p]
			}
		}
		got, err := fetch(t.Context(), t, f, addr, want)
		if err != nil || len(got) != len(want) {
			rt.Fatalf("%d answers to %d, %v", len(got), len(want), err)
		}
		for i, p := range picks {
			if p < 0 && !errors.Is(got[i].err, ErrNotFound) || p >= 0 && (got[i].err != nil || !bytes.Equal(got[i].data, contents[p])) {
				rt.Fatalf("block %d: %d bytes, %v", p, len(got[i].data), got[i].err)
			}
		}
	})
}

func TestMoreBlocksThanOneRequestTakes(t *testing.T) {
	s, all, contents := fill(t, 3)
	f, addr := fetchers["unix"](t, s)
	want := make([]ids.BlockID, mostBlocks+10)
	for i := range want {
		want[i] = all[0]
	}
	got, err := fetch(t.Context(), t, f, addr, want)
	if err != nil || len(got) != len(want) || !bytes.Equal(got[len(want)-1].data, contents[0]) {
		t.Errorf("%d of %d came, %v", len(got), len(want), err)
	}
}

func TestTheDataIsTheReceivers(t *testing.T) {
	s, want, contents := fill(t, 100, 100, 100)
	want = append(want, want...)
	onEveryFetcher(t, s, func(t *testing.T, f Fetcher, addr string) {
		got, err := fetch(t.Context(), t, f, addr, want)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range got[:3] {
			_ = append(a.data, 'x') // must not reach a neighbour
			clear(a.data)
		}
		for i, a := range got[3:] {
			if !bytes.Equal(a.data, contents[i]) {
				t.Errorf("block %d changed with another", i)
			}
		}
	})
}

// broken is a Provider whose every block can not be opened.
type broken struct{}

func (broken) OpenBlock(id ids.BlockID) (Block, error) {
	return Block{}, fmt.Errorf("input/output error on %v: %s", id, strings.Repeat("x", 2*largestText))
}

func TestAnUnreadableBlockIsNotTheConnectionsFault(t *testing.T) {
	onEveryFetcher(t, broken{}, func(t *testing.T, f Fetcher, addr string) {
		got, err := fetch(t.Context(), t, f, addr, []ids.BlockID{ids.RDD(1, 2), ids.RDD(1, 3)})
		if err != nil || len(got) != 2 {
			t.Fatalf("%d answers, %v", len(got), err)
		}
		if e := got[1].err; e == nil || errors.Is(e, ErrNotFound) || !strings.Contains(e.Error(), "input/output error") || !strings.Contains(e.Error(), "rdd_1_3") {
			t.Errorf("the error is %v", e)
		}
	})
}

func TestDamageWhereABlockIsStoredIsFound(t *testing.T) {
	size := 2*frameData + 5
	s, want, contents := fill(t, 0, 0, size, size, size, 100)
	contents[2][frameData] ^= 1 // sealed, in memory
	contents[4][frameData] ^= 1 // its checksums were taken before
	b := s.blocks[want[3]]      // sealed, in a file
	f := must[*os.File](t)(os.OpenFile(b.File.Name(), os.O_RDWR, 0))
	defer f.Close()
	if _, err := f.WriteAt([]byte{^contents[3][7]}, b.Offset+7); err != nil {
		t.Fatal(err)
	}
	onEveryFetcher(t, s, func(t *testing.T, f Fetcher, addr string) {
		got, err := fetch(t.Context(), t, f, addr, want)
		if err != nil {
			t.Fatal(err)
		}
		for i := 2; i <= 4; i++ {
			if !errors.Is(got[i].err, ErrCorruptFrame) || got[i].data != nil {
				t.Errorf("damaged block %d came with %d bytes, %v", i, len(got[i].data), got[i].err)
			}
		}
		if got[5].err != nil {
			t.Errorf("the block after them: %v", got[5].err)
		}
	})
}

func TestAFileThatIsTooShortIsFound(t *testing.T) {
	size := 2*frameData + 5
	s, want, _ := fill(t, 0, size, 0, size) // 1 is checked frame by frame, 3 is sealed
	if err := s.blocks[want[1]].File.Truncate(frameData + 1); err != nil {
		t.Fatal(err)
	}
	for name, make := range fetchers {
		f, addr := make(t, s)
		got, err := fetch(t.Context(), t, f, addr, []ids.BlockID{want[1], want[0]})
		if err != nil || got[0].err == nil || got[1].err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		got, err = fetch(t.Context(), t, f, addr, []ids.BlockID{want[3], want[0]})
		if err == nil && (len(got) != 2 || got[0].err == nil) {
			t.Errorf("%s: a sealed block of a file that is too short came: %v", name, got)
		}
		if got, err = fetch(t.Context(), t, f, addr, []ids.BlockID{want[0]}); err != nil || got[0].err != nil {
			t.Errorf("%s: afterwards: %v, %v", name, got, err)
		}
	}
}

func TestNobodyListensThere(t *testing.T) {
	s, want, _ := fill(t, 10)
	for name, make := range fetchers {
		f, addr := make(t, s)
		if name == "local" {
			addr = "mem://9"
		} else {
			addr = strings.Replace(addr, "/s", "/none", 1)
		}
		if name == "tcp" {
			addr = "tcp://127.0.0.1:1"
		}
		if _, err := fetch(t.Context(), t, f, addr, want); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), addr) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAServerThatBeganAnewIsFoundAgain(t *testing.T) {
	p, want, _ := fill(t, 10)
	cfg := BlockServerConfig{Addr: socket(t)}
	c := NewClient(ClientConfig{})
	defer c.Close()
	for range 3 {
		s := must[*BlockServer](t)(ListenBlocks(cfg, p))
		for range 2 {
			if got, err := fetch(t.Context(), t, c, s.Addr(), want); err != nil || got[0].err != nil {
				t.Fatalf("%v, %v", got, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fetch(t.Context(), t, c, cfg.Addr, want); !errors.Is(err, ErrGone) {
		t.Errorf("after the server's end: %v", err)
	}
	if len(c.peers) != 0 {
		t.Errorf("the client still knows %d servers", len(c.peers))
	}
}

func TestFetchingEndsWithItsContext(t *testing.T) {
	p, want, _ := fill(t, 10, 3<<20)
	why := errors.New("the task was killed")
	onEveryFetcher(t, p, func(t *testing.T, f Fetcher, addr string) {
		ctx, cancel := context.WithCancelCause(t.Context())
		n := 0
		err := f.Fetch(ctx, addr, append(want, want...), func(int, []byte, error) {
			n++
			cancel(why)
		})
		if !errors.Is(err, why) || n == 0 {
			t.Errorf("after %d answers: %v", n, err)
		}
		if _, err := fetch(t.Context(), t, f, addr, want); err != nil {
			t.Errorf("the next: %v", err)
		}
	})
}

func TestNoMoreConnectionsThanAllowed(t *testing.T) {
	const most = 3
	p, want, _ := fill(t, 10)
	s, c := served(t, "unix", p, ClientConfig{Connections: most})
	var running, peak atomic.Int64
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			err := c.Fetch(t.Context(), s.Addr(), want, func(int, []byte, error) {
				peak.Store(max(peak.Load(), running.Add(1)))
				defer running.Add(-1)
				s.mu.Lock()
				defer s.mu.Unlock()
				if len(s.conns) > most {
					t.Errorf("there are %d connections", len(s.conns))
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if peak.Load() == 0 {
		t.Error("nothing came")
	}
}

func TestAServerBoundsItsConnections(t *testing.T) {
	p, want, _ := fill(t, 10)
	s := must[*BlockServer](t)(ListenBlocks(BlockServerConfig{Addr: socket(t), Connections: 1}, p))
	defer s.Close()
	one, two := NewClient(ClientConfig{}), NewClient(ClientConfig{})
	defer one.Close()
	defer two.Close()
	if _, err := fetch(t.Context(), t, one, s.Addr(), want); err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t.Context(), t, two, s.Addr(), want); err == nil {
		t.Error("a second connection was served")
	}
}

func TestUnusedConnectionsAreClosed(t *testing.T) {
	p, want, _ := fill(t, 10)
	s, c := served(t, "unix", p, ClientConfig{Idle: time.Millisecond})
	if _, err := fetch(t.Context(), t, c, s.Addr(), want); err != nil {
		t.Fatal(err)
	}
	for left := 1; left > 0; {
		c.mu.Lock()
		left = len(c.peers)
		c.mu.Unlock()
		if t.Context().Err() != nil {
			t.Fatal("the connection is kept for ever")
		}
	}
}

func TestAClosedClientFetchesNothing(t *testing.T) {
	p, want, _ := fill(t, 10, 1<<20)
	s, c := served(t, "unix", p, ClientConfig{})
	err := c.Fetch(t.Context(), s.Addr(), append(want, want...), func(i int, _ []byte, _ error) { c.Close() })
	if err != nil && !errors.Is(err, ErrClosed) {
		t.Errorf("cut while fetching: %v", err)
	}
	if err := c.Fetch(t.Context(), s.Addr(), want, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestStrangersGetNoBlocks(t *testing.T) {
	p, want, _ := fill(t, 10)
	s, friend := served(t, "tcp", p, ClientConfig{})
	if _, err := fetch(t.Context(), t, friend, s.Addr(), want); err != nil {
		t.Fatal(err)
	}
	namesake := must[*identity.Authority](t)(identity.New("app-1"))
	stranger := must[identity.Bundle](t)(namesake.Issue(identity.Executor, "0")).ClientTLS(identity.Driver)
	stranger.InsecureSkipVerify, stranger.VerifyConnection = true, nil
	naked := stranger.Clone()
	naked.Certificates = nil
	for name, cfg := range map[string]ClientConfig{"another application": {TLS: stranger}, "no certificate": {TLS: naked}, "no TLS": {}} {
		c := NewClient(cfg)
		if got, err := fetch(t.Context(), t, c, s.Addr(), want); err == nil || len(got) > 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		c.Close()
	}
}
