package driver

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// Broadcast offers an encoded value to the executors. Nobody may change it any more.
func (d *Driver) Broadcast(encoded []byte, site string) (op.BroadcastRef, error) {
	ref, err := d.broadcasts.Put(ids.BroadcastID(d.nextCast.Add(1)-1), encoded, site)
	return op.BroadcastRef{ID: ref.ID, Size: ref.Size, Pieces: ref.Pieces, Site: ref.Site}, err
}

// DropBroadcast deletes the copies of the executors, and with destroy the driver's as well.
func (d *Driver) DropBroadcast(id ids.BroadcastID, destroy bool) {
	pieces := d.broadcasts.Pieces(id)
	if destroy {
		d.broadcasts.Destroy(id)
	}
	d.directory.Forget(ids.Broadcast(id, 0), pieces)
	d.report(wire.Drop{Kind: ids.BroadcastBlock, ID: int64(id)})
}

// Blocks is what the driver's block server offers: the pieces of broadcasts, where the map outputs lie that stage attempts read, and which
// executors give these blocks to others.
func (d *Driver) Blocks() transport.Provider { return provider{d} }

type provider struct{ d *Driver }

// OpenBlock implements transport.Provider.
func (p provider) OpenBlock(id ids.BlockID) (transport.Block, error) {
	if of, asker, ok := id.AsPlace(); ok {
		return p.place(of, asker)
	}
	switch id.Kind {
	case ids.BroadcastBlock:
	case ids.InputsBlock:
		return p.d.listings.open(id)
	default:
		return transport.Block{}, fmt.Errorf("the driver has no %v: %w", id, transport.ErrNotFound)
	}
	data, sums, err := p.d.broadcasts.Piece(ids.BroadcastID(id.A), int(id.B))
	if err != nil {
		return transport.Block{}, fmt.Errorf("%w: %w", transport.ErrNotFound, err)
	}
	return transport.Block{Data: data, Sums: sums}, nil
}

// place answers an executor that asks from whom it gets a block of the driver's.
func (p provider) place(of ids.BlockID, asker ids.ExecutorID) (transport.Block, error) {
	b, err := p.OpenBlock(of)
	if err != nil {
		return transport.Block{}, err
	}
	return transport.Block{Data: p.d.directory.Place(of, int64(len(b.Data)), b.Sums, asker).Append(nil)}, nil
}
