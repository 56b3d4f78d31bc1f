package broadcast

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Fetcher brings blocks from a block server.
type Fetcher interface {
	// Fetch asks the server at addr for blocks, and calls got for each that came, or that the server says it can not give, in any
	// order, one call at a time and none after it has returned. An error means that the connection failed and blocks are missing.
	// When ctx ends, Fetch returns soon.
	Fetch(ctx context.Context, addr string, want []ids.BlockID, got func(i int, data []byte, err error)) error
}

const (
	lanes  = 4 // fetches side by side
	rounds = 3 // tries for pieces that do not come or come damaged
)

// ErrCorrupt is in the error about pieces that stay damaged.
var ErrCorrupt = errors.New("damaged broadcast data")

// Download fetches an encoded broadcast from the driver's block server at addr into one buffer, several pieces at a time, and
// verifies it. Pieces that come damaged or not at all are asked for again, twice.
func Download(ctx context.Context, fetch Fetcher, addr string, ref Ref) ([]byte, error) {
	if ref.Size < 0 || ref.Pieces < 0 || int64(ref.Pieces) > ref.Size || (ref.Size > 0) != (ref.Pieces > 0) {
		return nil, fmt.Errorf("%w: %d bytes in %d pieces", ErrCorrupt, ref.Size, ref.Pieces)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := download{ref: ref, fetch: fetch, addr: addr, missing: make([]int32, ref.Pieces+1)}
	for i := range d.missing {
		d.missing[i] = int32((i + int(ref.Pieces)) % len(d.missing)) // the table first
	}
	for round := 1; ; round++ {
		d.err = nil
		d.round(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		d.judge()
		if len(d.missing) == 0 {
			return d.buf, nil
		}
		if round == rounds || errors.Is(d.err, ErrDestroyed) {
			return nil, fmt.Errorf("%d of %d blocks did not come from %s: %w", len(d.missing), ref.Pieces+1, addr, d.err)
		}
	}
}

// download is one broadcast on its way.
type download struct {
	ref   Ref
	fetch Fetcher
	addr  string

	mu    sync.Mutex
	buf   []byte           // made when the first piece has shown that its length is right
	sums  map[int32]uint32 // of the pieces that are in buf
	table []byte           // verified; nil until it is here
	err   error            // the first of the round

	missing []int32 // what the next round asks for
}

// round asks once for what is missing, in a few lanes.
func (d *download) round(ctx context.Context) {
	var wg sync.WaitGroup
	n := min(lanes, len(d.missing))
	for lane := range n {
		var want []ids.BlockID
		for i := lane; i < len(d.missing); i += n {
			want = append(want, ids.Broadcast(d.ref.ID, int(d.missing[i])))
		}
		wg.Go(func() {
			err := d.fetch.Fetch(ctx, d.addr, want, func(i int, data []byte, err error) {
				if err == nil {
					err = d.take(want[i].B, data)
				}
				d.note(err)
			})
			d.note(err)
		})
	}
	wg.Wait()
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

// take puts a block where it belongs. Whether its bytes are right shows when the table is here.
func (d *download) take(piece int32, data []byte) error {
	if piece == d.ref.Pieces {
		return d.takeTable(data)
	}
	from, to := d.ref.bounds(piece)
	if int64(len(data)) != to-from {
		return fmt.Errorf("%w: piece %d has %d bytes instead of %d", ErrCorrupt, piece, len(data), to-from)
	}
	copy(d.buffer()[from:to], data)
	sum := crc32.Checksum(data, castagnoli)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sums[piece] = sum
	return nil
}

func (d *download) takeTable(data []byte) error {
	if len(data) != 4*int(d.ref.Pieces+1) {
		return fmt.Errorf("%w: a table of %d bytes for %d pieces", ErrCorrupt, len(data), d.ref.Pieces)
	}
	end := len(data) - 4
	if crc32.Checksum(data[:end], castagnoli) != binary.LittleEndian.Uint32(data[end:]) {
		return fmt.Errorf("%w: the table's checksum is wrong", ErrCorrupt)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.table = data
	return nil
}

func (d *download) buffer() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.buf == nil {
		d.buf = make([]byte, d.ref.Size)
		d.sums = make(map[int32]uint32, d.ref.Pieces)
	}
	return d.buf
}

// judge finds out what must be asked for again.
func (d *download) judge() {
	d.missing = d.missing[:0]
	if d.table == nil {
		d.missing = append(d.missing, d.ref.Pieces)
	}
	for piece := range d.ref.Pieces {
		sum, here := d.sums[piece]
		if here && d.table != nil && sum != binary.LittleEndian.Uint32(d.table[4*piece:]) {
			delete(d.sums, piece)
			d.note(fmt.Errorf("%w: the checksum of piece %d is wrong", ErrCorrupt, piece))
			here = false
		}
		if !here {
			d.missing = append(d.missing, piece)
		}
	}
	if len(d.missing) > 0 {
		d.note(errors.New("the server did not answer for all blocks"))
	}
}
