package broadcast

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/link/transport"
)

// alone is an executor that gets everything from the driver, since there is no other.
func alone(f Fetcher) *Exchange {
	return NewExchange(ExchangeConfig{Driver: "driver:1", Fetch: f, Sums: sums, Memory: &account{}, Patience: Patience, Wait: Wait})
}

// account is a Memory with so many bytes.
type account struct {
	mu   sync.Mutex
	room int64
	held int64
}

func (a *account) Take(n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held+n > a.room {
		return false
	}
	a.held += n
	return true
}

func (a *account) Give(n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held -= n
}

// city is a driver and executors in one process, with real connections between them.
type city struct {
	t         testing.TB
	store     *Store
	directory Directory
	addr      string
	sent      atomic.Int64 // bytes of pieces that the driver was asked for
	places    atomic.Int64 // questions that it was asked
	citizens  []*citizen
}

// spoiler changes the n-th block that an executor gives.
type spoiler func(b *transport.Block, n int64)

// citizen is one executor.
type citizen struct {
	*Exchange
	id     ids.ExecutorID
	memory account
	server *transport.BlockServer
	client *transport.Client
	asked  atomic.Int64 // blocks that it was asked for
	spoil  atomic.Pointer[spoiler]
}

// OpenBlock is the driver's block server.
func (c *city) OpenBlock(id ids.BlockID) (transport.Block, error) {
	of, asker, isPlace := id.AsPlace()
	if isPlace {
		id = of
	}
	data, sums, err := c.store.Piece(ids.BroadcastID(id.A), int(id.B))
	if err != nil {
		return transport.Block{}, errors.Join(transport.ErrNotFound, err)
	}
	if isPlace {
		c.places.Add(1)
		return transport.Block{Data: c.directory.Place(of, int64(len(data)), sums, asker).Append(nil)}, nil
	}
	c.sent.Add(int64(len(data)))
	return transport.Block{Data: data, Sums: sums}, nil
}

// OpenBlock is an executor's block server.
func (z *citizen) OpenBlock(id ids.BlockID) (transport.Block, error) {
	data, sums, err := z.Open(context.Background(), id)
	if err != nil {
		return transport.Block{}, errors.Join(transport.ErrNotFound, err)
	}
	b := transport.Block{Data: data, Sums: sums}
	n := z.asked.Add(1)
	if spoil := z.spoil.Load(); spoil != nil {
		(*spoil)(&b, n)
	}
	return b, nil
}

// socket is an address in a folder of our own.
func socket(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "k")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "unix://" + filepath.Join(dir, "s")
}

// spoils makes an executor change what it gives.
func (z *citizen) spoils(how spoiler) { z.spoil.Store(&how) }

func found(t testing.TB, pieceSize int64, executors int) *city {
	t.Helper()
	c := &city{t: t, store: NewStore(pieceSize, transport.Sums)}
	server, err := transport.ListenBlocks(transport.BlockServerConfig{Addr: socket(t)}, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	c.addr = server.Addr()
	for range executors {
		c.join()
	}
	return c
}

// join adds an executor.
func (c *city) join() *citizen {
	c.t.Helper()
	z := &citizen{id: ids.ExecutorID(len(c.citizens)), client: transport.NewClient(transport.ClientConfig{}), memory: account{room: 1 << 30}}
	z.Exchange = NewExchange(ExchangeConfig{
		Self: z.id, Driver: c.addr, Fetch: z.client, Sums: transport.Sums, Memory: &z.memory, Patience: Patience, Wait: Wait,
	})
	var err error
	if z.server, err = transport.ListenBlocks(transport.BlockServerConfig{Addr: socket(c.t)}, z); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		z.client.Close()
		z.server.Close()
	})
	c.citizens = append(c.citizens, z)
	c.directory.Joined(z.id, z.server.Addr())
	return z
}

// put makes a broadcast.
func (c *city) put(id ids.BroadcastID, size int) (Ref, []byte) {
	c.t.Helper()
	value := random(size, uint64(id))
	ref, err := c.store.Put(id, value, "main.go:7")
	if err != nil {
		c.t.Fatal(err)
	}
	return ref, value
}

// all lets executors download at once, and gives what the driver sent for it.
func (c *city) all(ref Ref, want []byte, who ...*citizen) (sent int64) {
	c.t.Helper()
	before := c.sent.Load()
	var wg sync.WaitGroup
	for _, z := range who {
		wg.Go(func() {
			if got, err := z.Download(c.t.Context(), ref); err != nil || !bytes.Equal(got, want) {
				c.t.Errorf("executor %v got %d bytes, %v", z.id, len(got), err)
			}
		})
	}
	wg.Wait()
	return c.sent.Load() - before
}

func TestTheDriverSendsABroadcastOnceHoweverManyExecutorsThereAre(t *testing.T) {
	for _, n := range []int{3, 6, 12} {
		c := found(t, 1<<20, n)
		ref, value := c.put(7, 8<<20-5)
		if sent := c.all(ref, value, c.citizens...); sent > ref.Size {
			t.Errorf("for %d executors the driver sent %d bytes of %d", n, sent, ref.Size)
		}
		late := c.join()
		if sent := c.all(ref, value, late); sent > 0 {
			t.Errorf("one that came after %d had it was sent %d bytes by the driver", n, sent)
		}
	}
}

func TestTwoExecutorsAskTheDriverAlone(t *testing.T) {
	c := found(t, 1<<20, 2)
	ref, value := c.put(7, 8<<20)
	if sent := c.all(ref, value, c.citizens...); sent != 2*ref.Size {
		t.Errorf("the driver sent %d bytes of %d", sent, ref.Size)
	}
	if n := c.places.Load(); n > 2*lanes {
		t.Errorf("it was asked %d times who has pieces", n)
	}
	for _, z := range c.citizens {
		if z.memory.held != 0 || len(z.shelf.items) != 0 {
			t.Errorf("executor %v keeps %d bytes for nobody", z.id, z.memory.held)
		}
	}
}

func TestOthersThatDoNotGiveAPieceCostNoDownload(t *testing.T) {
	for name, harm := range map[string]func(z *citizen, ref Ref){
		"it is gone": func(z *citizen, _ Ref) { z.server.Close() },
		"it dies in the middle": func(z *citizen, _ Ref) {
			z.spoils(func(_ *transport.Block, n int64) {
				if n == 5 {
					go z.server.Close()
				}
			})
		},
		"it gives other bytes": func(z *citizen, _ Ref) {
			z.spoils(func(b *transport.Block, _ int64) { *b = transport.Block{Data: bytes.Repeat([]byte("x"), len(b.Data))} })
		},
		"it gives too many bytes": func(z *citizen, _ Ref) {
			z.spoils(func(b *transport.Block, _ int64) { *b = transport.Block{Data: make([]byte, 2*len(b.Data))} })
		},
		"its bytes are damaged on the way": func(z *citizen, _ Ref) {
			z.spoils(func(b *transport.Block, _ int64) { b.Data = bytes.Repeat([]byte("x"), len(b.Data)) })
		},
		"it has dropped it": func(z *citizen, ref Ref) { z.DropBroadcast(ref.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			c := found(t, 1<<20, 8)
			ref, value := c.put(7, 8<<20)
			for _, z := range c.citizens[:2] { // whoever comes later is sent to these
				c.all(ref, value, z)
			}
			harm(c.citizens[0], ref)
			// Of each piece one more executor is sent to the first one, and may find only the driver instead.
			if sent := c.all(ref, value, c.citizens[2:]...); sent > ref.Size {
				t.Errorf("the driver sent %d bytes of %d", sent, ref.Size)
			}
			for _, z := range c.citizens[2:] {
				for i := range int(ref.Pieces) {
					piece, _, err := z.Open(t.Context(), ids.Broadcast(7, i))
					if from, to := ref.bounds(int32(i)); err != nil || !bytes.Equal(piece, value[from:to]) {
						t.Fatalf("executor %v gives on something else than piece %d: %v", z.id, i, err)
					}
				}
			}
		})
	}
}

// Executors that all begin at once, of which some go while they have pieces that others wait for.
func TestTheRestGetsItWhileOthersDie(t *testing.T) {
	c := found(t, 1<<20, 9)
	ref, value := c.put(7, 8<<20)
	for _, z := range c.citizens[:3] {
		z.spoils(func(_ *transport.Block, n int64) {
			if n == 1+2*int64(z.id) {
				go z.server.Close()
			}
		})
	}
	if sent := c.all(ref, value, c.citizens...); sent > (1+3*2)*ref.Size {
		t.Errorf("the driver sent %d bytes of %d", sent, ref.Size)
	}
}

func TestWhatIsKeptForOthersGoesWhenItIsDropped(t *testing.T) {
	c := found(t, 1<<20, 4)
	ref, value := c.put(7, 4<<20)
	c.all(ref, value, c.citizens...)
	z := c.citizens[0]
	if z.memory.held != ref.Size {
		t.Fatalf("%d bytes of %d are kept", z.memory.held, ref.Size)
	}
	z.DropBroadcast(7)
	if _, _, err := z.Open(t.Context(), ids.Broadcast(7, 0)); err == nil || z.memory.held != 0 {
		t.Errorf("it is given on after its end, and takes %d bytes: %v", z.memory.held, err)
	}
	// The driver has dropped it as well: it is as new.
	for _, other := range c.citizens[1:] {
		other.DropBroadcast(7)
	}
	c.directory.Forget(ids.Broadcast(7, 0), int(ref.Pieces))
	if sent := c.all(ref, value, c.citizens...); sent > ref.Size || c.directory.Len() != int(ref.Pieces) {
		t.Errorf("the second time the driver sent %d bytes of %d", sent, ref.Size)
	}
	c.store.Destroy(7)
	if _, err := z.Download(t.Context(), ref); !errors.Is(err, transport.ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
}

func TestWhatIsKeptForOthersTakesOnlyMemoryThatNobodyUses(t *testing.T) {
	c := found(t, 1<<20, 4)
	for _, z := range c.citizens {
		z.memory.room = 10 << 20
	}
	var refs []Ref
	for id := range ids.BroadcastID(3) {
		ref, value := c.put(id, 4<<20)
		refs = append(refs, ref)
		c.all(ref, value, c.citizens...)
	}
	for _, z := range c.citizens {
		has := func(ref Ref) bool {
			_, _, err := z.Open(t.Context(), ids.Broadcast(ref.ID, 3))
			return err == nil
		}
		if !has(refs[0]) || !has(refs[1]) || has(refs[2]) {
			t.Errorf("kept are %v, %v, %v", has(refs[0]), has(refs[1]), has(refs[2]))
		}
		if freed := z.Evict(1); freed != 4<<20 || has(refs[0]) || !has(refs[1]) || z.memory.held != 4<<20 {
			t.Errorf("freed %d; kept are %v, %v", freed, has(refs[0]), has(refs[1]))
		}
		if freed := z.Evict(1 << 40); freed != 4<<20 || z.memory.held != 0 {
			t.Errorf("freed %d, %d are held", freed, z.memory.held)
		}
	}
	extra := c.join()
	value, _ := c.store.Encoded(0)
	c.all(refs[0], value, extra)
}

// BenchmarkShare brings a broadcast of 64 MiB to so many executors at once.
func BenchmarkShare(b *testing.B) {
	for _, n := range []int{2, 6, 16} {
		b.Run(fmt.Sprintf("executors=%d", n), func(b *testing.B) {
			c := found(b, DefaultPiece, n)
			ref, value := c.put(0, 64<<20)
			b.SetBytes(ref.Size * int64(n))
			for b.Loop() {
				c.all(ref, value, c.citizens...)
				b.StopTimer()
				for _, z := range c.citizens {
					z.DropBroadcast(0)
				}
				c.directory.Forget(ids.Broadcast(0, 0), int(ref.Pieces))
				b.StartTimer()
			}
			b.ReportMetric(float64(c.sent.Load())/float64(b.N)/float64(ref.Size), "driver-copies/op")
		})
	}
}
