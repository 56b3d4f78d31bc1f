package broadcast

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// grid is a driver and executors, each with a link that takes one piece at a time out and one in, in virtual time. Pieces are of one byte, and
// count as many.
type grid struct {
	store     *Store
	directory Directory
	takes     time.Duration // a piece, from link to link
	links     map[string]gridLink
	harm      func(addr string, x *Exchange) harm // what an executor does to a request; may be nil
	executors map[string]*Exchange
	given     atomic.Int64 // by the driver
}

type gridLink struct{ out, in chan struct{} }

// harm is what an executor does to one who asks it for a piece.
type harm int

const (
	harmless harm = iota
	refuses
	saysNothing
	lies
)

// gridFetcher is how the executor at an address fetches.
type gridFetcher struct {
	*grid
	self string
}

func (g *grid) add(addr string) {
	g.links[addr] = gridLink{make(chan struct{}, 1), make(chan struct{}, 1)}
}

func newGrid(executors int) *grid {
	g := &grid{links: map[string]gridLink{}, executors: map[string]*Exchange{}, takes: 34 * time.Millisecond} // 4 MiB on 1 Gbit/s
	g.add("driver")
	for e := range ids.ExecutorID(executors) {
		addr := "executor " + e.String()
		g.add(addr)
		g.executors[addr] = NewExchange(ExchangeConfig{
			Self: e, Driver: "driver", Fetch: gridFetcher{g, addr}, Sums: sums, Memory: &account{room: 1 << 40}, Patience: Patience, Wait: Wait,
		})
		g.directory.Joined(e, addr)
	}
	return g
}

func (f gridFetcher) FetchInto(ctx context.Context, addr string, want []ids.BlockID, room func(int, int64) []byte, got func(int, []byte, error)) error {
	for i, id := range want {
		if of, asker, ok := id.AsPlace(); ok {
			_, known, err := f.store.Piece(ids.BroadcastID(of.A), int(of.B))
			got(i, f.directory.Place(of, DefaultPiece, known, asker).Append(nil), err)
			continue
		}
		data, err := f.open(ctx, addr, id)
		switch f.harmBy(addr) {
		case refuses:
			return errBroken
		case saysNothing:
			<-ctx.Done()
			return context.Cause(ctx)
		case lies:
			if len(data) == 0 {
				break
			}
			data = append([]byte{^data[0]}, data[1:]...)
		}
		if err == nil && len(data) > 0 {
			out, in := f.links[addr].out, f.links[f.self].in
			out <- struct{}{}
			in <- struct{}{}
			time.Sleep(f.takes)
			<-in
			<-out
		}
		if err == nil {
			data = append(room(i, int64(len(data)))[:0], data...)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		got(i, data, err)
	}
	return nil
}

func (f gridFetcher) harmBy(addr string) harm {
	if x := f.executors[addr]; x != nil && f.harm != nil {
		return f.harm(addr, x)
	}
	return harmless
}

func (f gridFetcher) open(ctx context.Context, addr string, id ids.BlockID) ([]byte, error) {
	if x := f.executors[addr]; x != nil {
		data, _, err := x.Open(ctx, id)
		return data, err
	}
	if addr != "driver" {
		return nil, errors.New("nobody is there")
	}
	f.given.Add(1)
	data, _, err := f.store.Piece(ids.BroadcastID(id.A), int(id.B))
	return data, err
}

// The driver alone would take as often the time of one executor as there are executors.
func TestABroadcastTakesLittleLongerWithMoreExecutors(t *testing.T) {
	const pieces = 64
	for _, n := range []int{3, 10, 100, 400} {
		synctest.Test(t, func(t *testing.T) {
			g := newGrid(n)
			g.store = NewStore((small+pieces)/pieces, sums)
			value := random(small+pieces-1, 1)
			ref, err := g.store.Put(1, value, "main.go:7")
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			var wg sync.WaitGroup
			for _, x := range g.executors {
				wg.Go(func() {
					if _, err := x.Download(t.Context(), ref); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			took, one := time.Since(began), time.Duration(ref.Pieces)*g.takes
			t.Logf("%d executors: %v, where one alone takes %v; the driver gave %d pieces", n, took, one, g.given.Load())
			if took > 4*one || g.given.Load() > int64(ref.Pieces) {
				t.Errorf("%d executors took %v, where one alone takes %v; the driver gave %d pieces", n, took, one, g.given.Load())
			}
		})
	}
}

// Some executors go, fall silent, give other bytes or drop what they have, at any time; each of the others gets the value, and soon.
func TestWhoeverLivesGetsABroadcast(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 0))
			var mu sync.Mutex
			roll := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return chance.IntN(n)
			}
			g := newGrid(3 + roll(20))
			g.store = NewStore((small+32)/32, sums)
			value := random(small+31, 1)
			ref, err := g.store.Put(1, value, "main.go:7")
			if err != nil {
				t.Fatal(err)
			}
			addrs := slices.Sorted(maps.Keys(g.executors))
			sick := map[string]harm{}
			for _, addr := range addrs {
				sick[addr] = []harm{harmless, harmless, refuses, saysNothing, lies}[roll(5)]
			}
			odds := 1 + roll(20)
			g.harm = func(addr string, x *Exchange) harm {
				switch {
				case sick[addr] == harmless && roll(100) == 0:
					x.DropBroadcast(1)
				case roll(20) < odds:
					return sick[addr]
				}
				return harmless
			}
			began := time.Now()
			var wg sync.WaitGroup
			for _, addr := range addrs {
				wg.Go(func() {
					time.Sleep(time.Duration(roll(1000)) * time.Millisecond)
					if got, err := g.executors[addr].Download(t.Context(), ref); err != nil || !bytes.Equal(got, value) {
						t.Errorf("seed %d: %s got %d bytes, %v", seed, addr, len(got), err)
					}
				})
			}
			wg.Wait()
			if took := time.Since(began); took > 10*Patience {
				t.Errorf("seed %d: it took %v with %v", seed, took, sick)
			}
		})
	}
}
