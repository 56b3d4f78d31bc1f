package executor

import (
	"context"
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/data/shuffle"
)

// Leave tells the driver that the executor will have to go, and why: its machine says so. It runs its tasks and serves its blocks on
// until the driver ends it, which is when others have what it holds.
func (e *Executor) Leave(why string) {
	select {
	case e.leaving <- why:
	case <-e.ctx.Done():
	}
}

// copying is a copy of a block that is being taken.
type copying struct {
	of   task.Copy
	stop context.CancelCauseFunc
}

// startCopy takes a copy of a block, away from the loop. The driver sees to it that there are not many at once.
func (e *Executor) startCopy(x task.Copy) {
	ctx, stop := context.WithCancelCause(e.ctx)
	e.copies = append(e.copies, copying{x, stop})
	go func() {
		defer stop(nil)
		c := task.Copied{Block: x.Block, Generation: x.Generation, From: x.From.Executor, Digest: x.Digest}
		if err := e.copy(ctx, x); err != nil {
			c.Error = err.Error()
		}
		select {
		case e.copied <- c:
		case <-e.ctx.Done():
		}
	}()
}

// copyEnded tells the driver how a copy has ended.
func (e *Executor) copyEnded(c task.Copied) {
	for i, x := range e.copies {
		if x.of.Block == c.Block && x.of.From.Executor == c.From {
			e.copies = append(e.copies[:i], e.copies[i+1:]...)
			break
		}
	}
	up := e.message()
	up.Copied = append(up.Copied, c)
}

// errDropped ends the copying of a partition of an RDD that is cached no more.
var errDropped = errors.New("the RDD was dropped meanwhile")

// dropRDD deletes the cached partitions of an RDD, also those that others are about to hand over.
func (e *Executor) dropRDD(id ids.RDDID) {
	for _, x := range e.copies {
		if x.of.Block.Kind == ids.RDDBlock && x.of.Block.A == int64(id) {
			x.stop(errDropped) // first: what is stored by then is removed here, and what is stored later where it is stored
		}
	}
	e.blocks.RemoveRDD(id)
}

func (e *Executor) copy(ctx context.Context, x task.Copy) error {
	if x.Block.Kind == ids.RDDBlock {
		return e.copyCached(ctx, x)
	}
	return e.shuffle.Copy(ctx, e.cfg.Fetch, shuffle.Original{
		Shuffle: ids.ShuffleID(x.Block.A), Map: int(x.Block.B), Reduces: x.Reduces, Generation: x.Generation, Digest: x.Digest, Addr: x.From.Addr,
	})
}

// mostArriving is how many cached partitions for which there is no memory are in memory all the same, each on its way to the disk.
const mostArriving = 1

// copyCached takes a copy of a cached partition and keeps it as it was kept: in memory that nobody uses, or else on disk. It is in memory
// whole when it comes.
func (e *Executor) copyCached(ctx context.Context, x task.Copy) error {
	id, level := x.Block.OfGeneration(x.Generation), block.Level(x.Level)
	if !level.Valid() {
		return fmt.Errorf("copying %v: no such %v", id, level)
	}
	if e.blocks.Has(id) {
		return nil
	}
	room := &arrival{e: e, ctx: ctx, disk: level.Disk()}
	data, err := e.fetchCached(ctx, id, x.From.Addr, room)
	if err != nil {
		return fmt.Errorf("copying %v: %w", id, err)
	}
	if room.turn {
		defer room.Shrink(0)
	} else {
		room.Shrink(0) // the store accounts for what it keeps
	}
	return e.adopt(ctx, id, data, level)
}

// adopt keeps a cached partition that has come, unless its RDD was dropped by then.
func (e *Executor) adopt(ctx context.Context, id ids.BlockID, data []byte, level block.Level) error {
	stored, err := e.blocks.Adopt(id, data, level)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		e.blocks.Remove(id)
		return fmt.Errorf("copying %v: %w", id, context.Cause(ctx))
	case !stored && !e.blocks.Has(id): // a task may have computed it meanwhile
		return fmt.Errorf("copying %v: there is no room at level %v", id, level)
	}
	return nil
}

// arrival is the memory of a cached partition that comes from another executor: storage memory that is free, or, for one that may go to the
// disk, memory that nobody accounts for. It is an op.Memory for one partition.
type arrival struct {
	e    *Executor
	ctx  context.Context
	disk bool
	free int64 // bytes of storage memory
	turn bool  // it has one of the places in Executor.arriving
}

// Grow implements op.Memory.
func (a *arrival) Grow(n int64) bool {
	if is, _ := a.e.memory.AcquireStorage(mem.Bytes(n)); is {
		a.free = n
		return true
	}
	if !a.disk {
		return false
	}
	select {
	case a.e.arriving <- struct{}{}:
		a.turn = true
		return true
	case <-a.ctx.Done():
		return false
	}
}

// Shrink implements op.Memory: it gives everything back.
func (a *arrival) Shrink(int64) {
	if a.free > 0 {
		a.e.memory.ReleaseStorage(mem.Bytes(a.free))
		a.free = 0
	}
	if a.turn {
		<-a.e.arriving
		a.turn = false
	}
}
