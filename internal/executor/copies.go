package executor

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
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

// copy takes a copy of a block, away from the loop. The driver sees to it that there are not many at once.
func (e *Executor) copy(x task.Copy) {
	c := task.Copied{Block: x.Block, From: x.From.Executor, Generation: x.Generation, Digest: x.Digest}
	err := e.shuffle.Copy(e.ctx, e.cfg.Fetch, shuffle.Original{
		Shuffle: ids.ShuffleID(x.Block.A), Map: int(x.Block.B), Reduces: x.Reduces, Generation: x.Generation, Digest: x.Digest, Addr: x.From.Addr,
	})
	if err != nil {
		c.Error = err.Error()
	}
	select {
	case e.copied <- c:
	case <-e.ctx.Done():
	}
}
