package broadcast

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Fetcher brings blocks from a block server.
type Fetcher interface {
	// FetchInto asks the server at addr for blocks. It calls room with the size of each that is about to come, and got for each that
	// came, or that the server says it can not give, in any order, one call at a time and none after it has returned. Got's data
	// is in what room gave, and is as it was when the server took its checksums. An error means that the connection failed and
	// blocks are missing. When ctx ends, FetchInto returns soon.
	FetchInto(ctx context.Context, addr string, want []ids.BlockID, room func(i int, size int64) []byte, got func(i int, data []byte, err error)) error
}

const (
	lanes  = 4 // fetches side by side
	rounds = 3 // tries for pieces that do not come or come damaged
)

// small is up to how many bytes a broadcast has for which nobody is asked who else has it: the answer would be that the driver has.
const small = 64 << 10

// ErrCorrupt is in the error about pieces that can not be what was asked for.
var ErrCorrupt = errors.New("damaged broadcast data")

// Download fetches an encoded broadcast into one buffer, several pieces at a time. Where there are more executors than the driver gives
// it to, each piece comes from whom the driver names, and goes on to others as soon as it is here. Pieces that do not come like that, or
// come damaged, are asked of the driver itself, up to three times.
func (x *Exchange) Download(ctx context.Context, ref Ref) ([]byte, error) {
	if ref.Size < 0 || ref.Pieces < 0 || int64(ref.Pieces) > ref.Size || (ref.Size > 0) != (ref.Pieces > 0) {
		return nil, fmt.Errorf("%w: %d bytes in %d pieces", ErrCorrupt, ref.Size, ref.Pieces)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := download{ref: ref, fetch: x.cfg.Fetch, addr: x.cfg.Driver, here: make([]bool, ref.Pieces)}
	if ref.Size > small {
		d.share(ctx, x)
	}
	for round := 1; ; round++ {
		missing := d.missing()
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case len(missing) == 0:
			return d.buf, nil
		case round > rounds || errors.Is(d.err, ErrDestroyed):
			return nil, fmt.Errorf("%d of %d pieces did not come from %s: %w", len(missing), ref.Pieces, d.addr, d.err)
		}
		d.err = nil
		d.round(ctx, missing)
	}
}

// download is one broadcast on its way.
type download struct {
	ref   Ref
	fetch Fetcher
	addr  string // the driver's

	mu   sync.Mutex
	buf  []byte // made when the server has said the right size of a piece
	here []bool // pieces that are in buf
	err  error  // the first of the round
}

func (d *download) missing() (pieces []ids.BlockID) {
	for i, here := range d.here {
		if !here {
			pieces = append(pieces, ids.Broadcast(d.ref.ID, i))
		}
	}
	return pieces
}

// round asks once for what is missing, in a few lanes.
func (d *download) round(ctx context.Context, missing []ids.BlockID) {
	var wg sync.WaitGroup
	n := min(lanes, len(missing))
	for lane := range n {
		var want []ids.BlockID
		for i := lane; i < len(missing); i += n {
			want = append(want, missing[i])
		}
		wg.Go(func() {
			room := func(i int, size int64) []byte { return d.room(want[i].B, size) }
			d.note(d.fetch.FetchInto(ctx, d.addr, want, room, func(i int, data []byte, err error) {
				d.note(d.take(want[i].B, data, err))
			}))
		})
	}
	wg.Wait()
	if len(d.missing()) > 0 {
		d.note(errors.New("the server did not answer for all pieces"))
	}
}

// note keeps the first error of a round.
func (d *download) note(err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
	}
}

// room gives a piece its place in the buffer, or nil when it can not be that piece.
func (d *download) room(piece int32, size int64) []byte {
	from, to := d.ref.bounds(piece)
	if size != to-from {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.buf == nil {
		d.buf = make([]byte, d.ref.Size)
	}
	return d.buf[from:to:to]
}

// take counts a piece that came.
func (d *download) take(piece int32, data []byte, err error) error {
	if err != nil {
		return err
	}
	if from, to := d.ref.bounds(piece); int64(len(data)) != to-from {
		return fmt.Errorf("%w: piece %d has %d bytes instead of %d", ErrCorrupt, piece, len(data), to-from)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.here[piece] = true
	return nil
}
