package executor

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/link/transport"
)

// provider is what the executor's block server offers to others.
type provider struct{ e *Executor }

// OpenBlock implements transport.Provider.
func (p provider) OpenBlock(id ids.BlockID) (transport.Block, error) {
	switch id.Kind {
	case ids.ShuffleBlock:
		seg, err := p.e.shuffle.OpenSegment(ids.ShuffleID(id.A), int(id.B), int(id.C))
		if err != nil {
			return transport.Block{}, errors.Join(transport.ErrNotFound, err)
		}
		return transport.Block{Data: seg.Data, File: seg.File, Offset: seg.Offset, Size: seg.Size, Sealed: true, Release: seg.Close}, nil
	case ids.OutputBlock:
		piece, err := p.e.shuffle.OpenPiece(ids.ShuffleID(id.A), int(id.B), int(id.C))
		if err != nil {
			return transport.Block{}, errors.Join(transport.ErrNotFound, err)
		}
		return transport.Block{Data: piece.Data, File: piece.File, Offset: piece.Offset, Size: piece.Size, Release: piece.Close}, nil
	case ids.SegmentBlock:
		of, n, _ := id.AsSegment()
		piece, err := p.e.shuffle.OpenSegmentPiece(ids.ShuffleID(of.A), int(of.B), int(of.C), n)
		if err != nil {
			return transport.Block{}, errors.Join(transport.ErrNotFound, err)
		}
		return transport.Block{Data: piece.Data, File: piece.File, Offset: piece.Offset, Size: piece.Size, Release: piece.Close}, nil
	case ids.RDDBlock, ids.ResultBlock:
		e, ok := p.e.blocks.Get(id)
		if !ok {
			return transport.Block{}, fmt.Errorf("%v: %w", id, transport.ErrNotFound)
		}
		if data, ok := e.Bytes(); ok {
			return transport.Block{Data: data, Release: e.Release}, nil
		}
		if f := e.File(); f != nil {
			return transport.Block{File: f, Size: e.Size, Release: e.Release}, nil
		}
		return p.encoded(e)
	case ids.BroadcastBlock, ids.InputsBlock:
		data, sums, err := p.e.exchange.Open(p.e.ctx, id)
		if err != nil {
			return transport.Block{}, errors.Join(transport.ErrNotFound, err)
		}
		return transport.Block{Data: data, Sums: sums}, nil
	}
	return transport.Block{}, fmt.Errorf("%v: %w", id, transport.ErrNotFound)
}

// mostEncoded is how many partitions that lie in memory as rows are in memory a second time, encoded, at once. Nobody accounts for
// that memory: the executor's own tasks would have to make room for those of others.
const mostEncoded = 2

// encoded gives the rows of a block as bytes. Others that ask for such blocks wait until these have been sent.
func (p provider) encoded(e *block.Entry) (transport.Block, error) {
	defer e.Release()
	select {
	case p.e.encoding <- struct{}{}:
	case <-p.e.ctx.Done():
		return transport.Block{}, context.Cause(p.e.ctx)
	}
	var b bytes.Buffer
	done, sends := func() { <-p.e.encoding }, false
	defer func() {
		if !sends { // also when the user's own encoding panics
			done()
		}
	}()
	if _, err := e.WriteTo(&b); err != nil {
		return transport.Block{}, err
	}
	sends = true
	return transport.Block{Data: b.Bytes(), Release: done}, nil
}
