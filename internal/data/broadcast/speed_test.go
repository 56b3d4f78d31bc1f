package broadcast

import (
	"context"
	"errors"
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
	executors map[string]*Exchange
	given     atomic.Int64 // by the driver
}

type gridLink struct{ out, in chan struct{} }

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
