package broadcast

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

const (
	// Patience is how long an executor waits for another one's answer before it gets the block elsewhere.
	Patience = 15 * time.Second
	// Wait is how long an executor lets another one wait for a block that is on its way here, before it says so. It is well below
	// Patience, since a silent executor is one that does not work, and short, since who waits has a connection that others may need.
	Wait = 200 * time.Millisecond

	mostNamed = 3    // executors that are tried for a block, before the driver is
	mostWaits = 3000 // answers of one executor that the block is on its way
)

var (
	errAlone = errors.New("the driver gives the block to all executors that there are")
	errLate  = errors.New("it did not answer in time")
	errWrong = errors.New("it gave other bytes than the driver has")
)

// ExchangeConfig is what an Exchange must know. All fields are needed.
type ExchangeConfig struct {
	Self     ids.ExecutorID
	Driver   string // address of the driver's block server
	Fetch    Fetcher
	Sums     func(block []byte) []uint32 // the checksums of which places tell
	Memory   Memory                      // for what is kept for others
	Patience time.Duration
	Wait     time.Duration
}

// Exchange is an executor's part in passing on blocks that the driver has for all: it brings them from whom the driver names, and has
// them for others from then on. It is safe for concurrent use.
type Exchange struct {
	cfg   ExchangeConfig
	shelf shelf
}

// NewExchange gives one that has nothing yet.
func NewExchange(cfg ExchangeConfig) *Exchange {
	return &Exchange{cfg: cfg, shelf: shelf{memory: cfg.Memory}}
}

// Open gives a block that this executor has, or that is on its way here, and its checksums, for the block server; read only. A block
// that does not come in time is given empty, which no block is: who asked may ask again. The error wraps the cause of ctx when it ends.
func (x *Exchange) Open(ctx context.Context, b ids.BlockID) (data []byte, sums []uint32, err error) {
	return x.shelf.open(ctx, b, x.cfg.Wait)
}

// DropBroadcast stops giving the pieces of a broadcast to others.
func (x *Exchange) DropBroadcast(id ids.BroadcastID) { x.shelf.remove(ids.Broadcast(id, 0)) }

// DropInputs stops giving a list of map outputs to others.
func (x *Exchange) DropInputs(of ids.StageRef) { x.shelf.remove(ids.Inputs(of)) }

// Evict frees at least n bytes of memory, or all that is kept for others, and gives how many. Nothing is lost: the driver has it.
func (x *Exchange) Evict(n int64) (freed int64) { return x.shelf.evict(n) }

// Bring fetches a block that is all of its item, a list of map outputs. The error is the driver's.
func (x *Exchange) Bring(ctx context.Context, b ids.BlockID) ([]byte, error) {
	e := x.begin(b, 1)
	data, err := e.bring(ctx, b, func(int64) []byte { return nil })
	e.end(err == nil)
	if errors.Is(err, errAlone) {
		data, err = x.fetch(ctx, x.cfg.Driver, b, nil)
	}
	return data, err
}

// errand is the bringing of the blocks of one item.
type errand struct {
	*Exchange
	item *item

	mu     sync.Mutex
	left   map[string]bool // the addresses of executors that did not give what they were asked for
	shared bool            // others may ask for what it brings
}

func (x *Exchange) begin(first ids.BlockID, n int) *errand {
	return &errand{Exchange: x, item: x.shelf.begin(first, n), left: map[string]bool{}}
}

func (e *errand) end(came bool) { e.shelf.end(e.item, came && e.shared) }

// bring fetches one block, from the executors that the driver names, or from the driver when they do not give it. Room is as in FetchInto.
// The error is errAlone, and nothing was fetched, where nobody shares; otherwise it is the driver's.
func (e *errand) bring(ctx context.Context, b ids.BlockID, room func(size int64) []byte) (data []byte, err error) {
	_, i := whole(b)
	e.shelf.promise(e.item, i) // before the driver is asked: it may send others here at once
	var sums []uint32
	defer func() {
		e.shelf.settle(e.item, i, data, sums)
	}()
	for range mostNamed {
		p, err := e.place(ctx, b)
		switch {
		case err != nil:
			return nil, err
		case !p.Shared:
			return nil, errAlone
		case p.Addr == "":
			data, sums, err = e.fromDriver(ctx, b, room)
			return data, err
		case e.hasLeft(p.Addr):
			continue // asking again says so
		}
		if data, err = e.fromPeer(ctx, p, b, room); err == nil {
			sums = p.Sums
			return data, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		e.leave(p.Addr)
	}
	data, sums, err = e.fromDriver(ctx, b, room)
	return data, err
}

func (e *errand) hasLeft(addr string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.left[addr]
}

func (e *errand) leave(addr string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.left[addr] = true
}

// place asks the driver from whom to get a block.
func (e *errand) place(ctx context.Context, b ids.BlockID) (Place, error) {
	data, err := e.fetch(ctx, e.cfg.Driver, ids.Place(b, e.cfg.Self), nil)
	if err != nil {
		return Place{}, err
	}
	p, err := ParsePlace(data)
	if err != nil {
		return Place{}, fmt.Errorf("the driver's answer: %w", err)
	}
	if p.Shared {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.shared = true
	}
	return p, nil
}

// fromDriver fetches a block, which is then as the driver has it now: a list may have changed since its place was told.
func (e *errand) fromDriver(ctx context.Context, b ids.BlockID, room func(size int64) []byte) (data []byte, sums []uint32, err error) {
	if data, err = e.fetch(ctx, e.cfg.Driver, b, room); err != nil {
		return nil, nil, err
	}
	return data, e.cfg.Sums(data), nil
}

// fromPeer fetches a block from another executor, and gives it when it is the driver's. It waits for as long as the other one says that
// the block is on its way there.
func (e *errand) fromPeer(ctx context.Context, p Place, b ids.BlockID, room func(size int64) []byte) ([]byte, error) {
	for range mostWaits {
		data, err := e.soon(ctx, p.Addr, b, room)
		switch {
		case err != nil:
			return nil, err
		case len(data) == 0:
		case !slices.Equal(e.cfg.Sums(data), p.Sums):
			return nil, errWrong
		default:
			return data, nil
		}
	}
	return nil, errLate
}

// soon is fetch with an end.
func (e *errand) soon(ctx context.Context, addr string, b ids.BlockID, room func(size int64) []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, e.cfg.Patience, errLate)
	defer cancel()
	return e.fetch(ctx, addr, b, room)
}

// fetch fetches one block.
func (x *Exchange) fetch(ctx context.Context, addr string, b ids.BlockID, room func(size int64) []byte) (data []byte, err error) {
	wrong := fmt.Errorf("%s did not answer", addr)
	err = x.cfg.Fetch.FetchInto(ctx, addr, []ids.BlockID{b}, func(_ int, size int64) []byte {
		if room == nil {
			return nil
		}
		return room(size)
	}, func(_ int, came []byte, err error) { data, wrong = came, err })
	if err == nil {
		err = wrong
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}
