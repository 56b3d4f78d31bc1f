package block

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// Entry is a block that is held for reading: it is not evicted before Release. It may be used by several goroutines, but for
// Release, which comes last.
type Entry struct {
	Rows any   // the typed rows, when they are in memory; read only
	Size int64 // bytes of Rows in memory, or of the encoded block

	store  *Store
	block  *block
	encode func(io.Writer) error
	chunks [][]byte
	file   *disk.Reader
}

// Get gives a block that the store holds, pinned until Release. A block whose file is damaged is dropped and counts as missing.
func (s *Store) Get(id ids.BlockID) (*Entry, bool) {
	s.mu.Lock()
	b := s.blocks[id]
	if b == nil || b.storing {
		s.mu.Unlock()
		return nil, false
	}
	b.pins++
	e := &Entry{store: s, block: b, Rows: b.rows, Size: b.held, encode: b.encode, chunks: b.chunks}
	if b.held > 0 {
		s.recent.remove(b)
		s.recent.append(b)
		s.mu.Unlock()
		if e.Rows == nil {
			e.Size = lengthOf(e.chunks)
		}
		return e, true
	}
	name, size := b.file, b.diskSize
	s.mu.Unlock()

	file, err := s.openFile(id, name, size)
	if err != nil {
		s.lose(b, err)
		e.Release()
		return nil, false
	}
	e.file, e.Size = file, size
	return e, true
}

// Has reports whether the block is there, without reading it.
func (s *Store) Has(id ids.BlockID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.blocks[id]
	return b != nil && !b.storing
}

// lose drops a block whose file can not be read, unless it was removed anyway.
func (s *Store) lose(b *block, err error) {
	s.mu.Lock()
	lost := !b.removed
	if lost {
		s.drop(b)
	}
	s.mu.Unlock()
	if lost {
		s.cfg.Damaged(fmt.Errorf("%v is lost and will be computed again: %w", b.id, err))
	}
}

// Reader reads the encoded block from its front; nil when Rows holds it. A file that became damaged since Get ends with a
// *DamagedError instead of io.EOF.
func (e *Entry) Reader() io.Reader {
	switch {
	case e.file != nil:
		return newFileReader(e.block.id, e.file, e.Size)
	case e.Rows != nil:
		return nil
	case len(e.chunks) == 1:
		return bytes.NewReader(e.chunks[0])
	}
	readers := make([]io.Reader, len(e.chunks))
	for i, c := range e.chunks {
		readers[i] = bytes.NewReader(c)
	}
	return io.MultiReader(readers...)
}

// Bytes gives the encoded block when it is in memory in one piece; read only.
func (e *Entry) Bytes() (data []byte, ok bool) {
	if e.file == nil && e.Rows == nil && len(e.chunks) == 1 {
		return e.chunks[0], true
	}
	return nil, false
}

// File gives the open file whose first Size bytes are the encoded block; nil when the block is in memory.
func (e *Entry) File() *os.File {
	if e.file == nil {
		return nil
	}
	return e.file.File
}

// WriteTo writes the encoded block, wherever and however it is kept.
func (e *Entry) WriteTo(w io.Writer) (int64, error) {
	if e.Rows != nil {
		c := &counter{w: w}
		err := e.encode(c)
		return c.n, err
	}
	return io.Copy(w, e.Reader())
}

// Release ends the reading. What was read from Rows or Bytes stays valid, but no longer counts as memory of the store.
func (e *Entry) Release() {
	if e.store == nil {
		return
	}
	if e.file != nil {
		e.file.Close()
	}
	s, b := e.store, e.block
	e.store = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	b.pins--
	if b.pins == 0 && b.removed {
		s.forgetMemory(b)
	}
}

// writeTo writes the encoded block from memory. The caller has pinned b.
func (b *block) writeTo(w io.Writer) error {
	if b.rows != nil {
		return b.encode(w)
	}
	for _, c := range b.chunks {
		if _, err := w.Write(c); err != nil {
			return err
		}
	}
	return nil
}

func lengthOf(chunks [][]byte) (n int64) {
	for _, c := range chunks {
		n += int64(len(c))
	}
	return n
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
