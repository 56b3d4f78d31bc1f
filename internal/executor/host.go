package executor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/data/broadcast"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/internal/data/shuffle"
	"github.com/kilnproject/kiln/internal/link/transport"
)

// host answers what operators ask of their executor.
type host struct {
	e       *Executor
	attempt *attempt
}

// ShuffleWriter implements op.Host.
func (h host) ShuffleWriter(t *op.Task) (op.ShuffleWriter, error) {
	w := h.e.shuffle.NewWriter(t.Stage.Shuffle, int(t.Ref.Partition), t.Stage.Reduces, t.ID, t.Memory).OfGeneration(t.Stage.Generation)
	return &countingWriter{w, t.Metrics}, nil
}

// countingWriter tells the task's metrics what was written and spilled.
type countingWriter struct {
	*shuffle.Writer
	m *task.Metrics
}

func (w *countingWriter) Commit(digest uint64) ([]int64, uint64, error) {
	sizes, kept, err := w.Writer.Commit(digest)
	for _, n := range sizes {
		w.m.ShuffleWritten += n
	}
	memory, disk := w.Spilled()
	w.m.SpilledMemory += memory
	w.m.SpilledDisk += disk
	return sizes, kept, err
}

// ReadShuffle implements op.Host.
func (h host) ReadShuffle(t *op.Task, id ids.ShuffleID, reduce int, push func([]byte) error) error {
	for i := range t.Stage.Inputs {
		in := &t.Stage.Inputs[i]
		if in.Shuffle != id {
			continue
		}
		before := t.Metrics.ShuffleRead
		stats, err := h.e.reader.Read(t.Context, shuffle.Range{Input: in, From: reduce, To: reduce + 1, Seed: uint64(t.ID)}, func(_ int, block []byte) error {
			t.Metrics.ShuffleRead += int64(len(block)) // so that progress shows; without what is around the blocks
			return push(block)
		})
		t.Metrics.ShuffleRead = before + stats.Bytes
		t.Metrics.ShuffleReadRemote += stats.RemoteBytes
		return err
	}
	return fmt.Errorf("%v reads shuffle %d, of which the driver told nothing", t.Ref, id)
}

// SpillFile implements op.Host. The file has no name: it is gone when it is closed, or with the process.
func (h host) SpillFile(t *op.Task) (op.SpillFile, error) {
	dir := filepath.Join(h.e.cfg.Dir, "spill")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make room for spilling: %w", err)
	}
	f, err := os.CreateTemp(dir, "spill-*")
	if err != nil {
		return nil, fmt.Errorf("make a file for spilling: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s := &spillFile{File: f}
	t.OnDone(func(error) { s.Close() })
	return s, nil
}

type spillFile struct {
	*os.File
	closed bool
}

// Write names the directory and what to do when the disk is full.
func (s *spillFile) Write(p []byte) (int, error) {
	n, err := s.File.Write(p)
	if err != nil {
		err = fmt.Errorf("spill to %s: %w (more space there, another kiln.local.dir, or more kiln.executor.memory helps)", filepath.Dir(s.Name()), err)
	}
	return n, err
}

// Reader reads n bytes from offset.
func (s *spillFile) Reader(offset, n int64) io.Reader { return io.NewSectionReader(s.File, offset, n) }

// Close may be called more than once.
func (s *spillFile) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.File.Close()
}

// Broadcast implements op.Host.
func (h host) Broadcast(t *op.Task, b op.BroadcastRef, decode func([]byte) (any, error)) (any, error) {
	ref := broadcast.Ref{ID: b.ID, Size: b.Size, Pieces: b.Pieces, Site: b.Site}
	return h.e.values.Get(t.Context, ref, func(ctx context.Context) ([]byte, error) {
		data, err := broadcast.Download(ctx, h.e.cfg.Fetch, h.e.cfg.DriverBlocks, ref)
		if errors.Is(err, transport.ErrNotFound) { // the driver has every broadcast but those that were destroyed
			err = op.ErrDestroyed
		}
		return data, err
	}, decode)
}

// errNotKept says that a computed partition did not fit and is not stored.
var errNotKept = errors.New("not kept")

// Cached implements op.Host.
func (h host) Cached(t *op.Task, c op.CacheRequest) error {
	level := levelOf(c.Level)
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
		defer e.Release()
		var b bytes.Buffer
		_, err := e.WriteTo(&b)
		return transport.Block{Data: b.Bytes()}, err
	}
	return transport.Block{}, fmt.Errorf("%v: %w", id, transport.ErrNotFound)
}
