package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
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
	inputs, err := h.e.inputs(t.Context, h.attempt.stage)
	if err != nil {
		return err
	}
	for i := range inputs {
		in := &inputs[i]
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
		data, err := h.e.exchange.Download(ctx, ref)
		if errors.Is(err, transport.ErrNotFound) { // the driver has every broadcast but those that were destroyed
			err = op.ErrDestroyed
		}
		return data, err
	}, decode)
}
