package executor

import (
	"bytes"
	"context"
	"errors"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/op"
)

// errNoRoom ends the fetching of a cached partition for which there is no memory: to compute it takes a batch at a time.
var errNoRoom = errors.New("no memory for the partition as a whole")

// loadFromElsewhere reads a cached partition from an executor that has it. It reports false when none gives it, for whatever reason: then
// it is computed. As in Spark it is not kept here.
func (h host) loadFromElsewhere(t *op.Task, c op.CacheRequest) (there bool, err error) {
	reply, err := h.call(task.Call{Kind: task.Locate, Block: c.Block})
	var refused *op.Refused
	if err != nil && !errors.As(err, &refused) {
		return false, err
	}
	for _, at := range reply.Places {
		data, err := h.e.fetchCached(t.Context, c.Block, at.Addr, t.Memory)
		if t.Context.Err() != nil {
			return false, context.Cause(t.Context)
		}
		if errors.Is(err, errNoRoom) {
			break
		}
		if err != nil {
			continue // that is why there are several places, and a way to do without
		}
		t.Metrics.BytesRead += int64(len(data))
		defer t.Memory.Shrink(int64(len(data)))
		return true, c.Load(nil, bytes.NewReader(data))
	}
	return false, nil
}

// fetchCached brings a cached partition whole, and gives it when it is as it was written: rows that were pushed on could not be taken
// back. There is memory for it then, which is the caller's.
func (e *Executor) fetchCached(ctx context.Context, id ids.BlockID, addr string, memory op.Memory) (data []byte, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var granted int64
	room := func(_ int, size int64) []byte {
		if !memory.Grow(size) {
			stop(errNoRoom)
			return nil
		}
		granted = size
		return make([]byte, size)
	}
	var broken error
	err = e.cfg.Fetch.FetchInto(ctx, addr, []ids.BlockID{id}, room, func(_ int, got []byte, e error) { data, broken = got, e })
	if err == nil {
		err = errors.Join(broken, context.Cause(ctx))
	}
	if err == nil {
		err = codec.CheckBlocks(data)
	}
	if err != nil {
		memory.Shrink(granted)
		return nil, err
	}
	return data, nil
}
