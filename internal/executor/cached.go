package executor

import (
	"bytes"
	"errors"
	"io"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/data/op"
)

// errNotKept says that a computed partition did not fit and is not stored.
var errNotKept = errors.New("not kept")

// Cached implements op.Host.
func (h host) Cached(t *op.Task, c op.CacheRequest) error {
	level, info := levelOf(c.Level), t.Stage.CachedRDD(ids.RDDID(c.Block.A))
	c.Block = c.Block.OfGeneration(info.Generation)
	if info.Somewhere && !h.e.blocks.Has(c.Block) {
		if there, err := h.loadFromElsewhere(t, c); there || err != nil {
			return err
		}
	}
	e, computed, err := h.e.blocks.GetOrCompute(t.Context, c.Block, level, func() (block.Value, error) {
		k := &keeper{host: h, task: t}
		defer k.release()
		v, err := c.Compute(k)
		if err != nil {
			return block.Value{}, err
		}
		k.release() // the store accounts for what it keeps
		return k.value(v)
	})
	if errors.Is(err, errNotKept) {
		return nil
	}
	if err != nil || computed {
		return err
	}
	defer e.Release()
	return c.Load(e.Rows, e.Reader())
}

func levelOf(l op.Level) block.Level {
	switch {
	case !l.Memory:
		return block.DiskOnly
	case l.Disk && l.Encoded:
		return block.MemoryAndDiskEncoded
	case l.Disk:
		return block.MemoryAndDisk
	case l.Encoded:
		return block.MemoryEncoded
	}
	return block.MemoryOnly
}

// keeper gives room for a partition that is being computed: execution memory for rows, and beyond that a buffer that goes on in a
// spill file.
type keeper struct {
	host host
	task *op.Task
	held int64
	out  *overflow
}

// Grow implements op.Keeper.
func (k *keeper) Grow(n int64) bool {
	if !k.task.Memory.Grow(n) {
		return false
	}
	k.held += n
	return true
}

// Writer implements op.Keeper.
func (k *keeper) Writer() (io.Writer, error) {
	if k.out == nil {
		k.out = &overflow{file: func() (op.SpillFile, error) { return k.host.SpillFile(k.task) }}
	}
	return k.out, nil
}

func (k *keeper) release() {
	k.task.Memory.Shrink(k.held)
	k.held = 0
}

// tooLarge is the size of rows that are not in memory: the store then goes to disk at once.
const tooLarge = 1 << 60

// value gives the store what was kept. Encoded partitions are handed over as if they were rows: the store asks for their bytes.
func (k *keeper) value(v op.CacheValue) (block.Value, error) {
	switch {
	case v.Rows != nil:
		return block.Value{Rows: v.Rows, Size: v.Size, Encode: v.Encode}, nil
	case k.out == nil:
		return block.Value{}, errNotKept
	}
	return block.Value{Rows: k.out, Size: tooLarge, Encode: k.out.copy}, nil
}

// overflow is a buffer that goes on in a file when it grows large.
type overflow struct {
	file    func() (op.SpillFile, error)
	buf     bytes.Buffer
	spilled op.SpillFile
	size    int64
}

const overflowBytes = 1 << 20

func (o *overflow) Write(p []byte) (int, error) {
	o.buf.Write(p)
	if o.buf.Len() < overflowBytes {
		return len(p), nil
	}
	return len(p), o.flush()
}

func (o *overflow) flush() (err error) {
	if o.spilled == nil {
		if o.spilled, err = o.file(); err != nil {
			return err
		}
	}
	n, err := o.spilled.Write(o.buf.Bytes())
	o.size += int64(n)
	o.buf.Reset()
	return err
}

// copy writes everything to w.
func (o *overflow) copy(w io.Writer) error {
	if o.spilled != nil {
		if _, err := io.Copy(w, o.spilled.Reader(0, o.size)); err != nil {
			return err
		}
	}
	_, err := w.Write(o.buf.Bytes())
	return err
}
