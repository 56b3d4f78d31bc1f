package block

import (
	"errors"
	"fmt"
	"io"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
)

// Value is what Put stores: rows with their size and the way to encode them, or bytes that are encoded already. The store owns
// what it was given, and nobody may change it any more.
type Value struct {
	Rows    any                     // typed rows; nil when Encoded holds the block
	Size    int64                   // bytes that Rows take in memory
	Encode  func(w io.Writer) error // writes Rows as encoded blocks; it may be called later, from another goroutine
	Encoded []byte
}

// errNoMemory ends the encoding of a block that may not go to disk.
var errNoMemory = errors.New("no memory for the block")

// Put stores a block at a level. It reports false when there is no room for the block at its level, or when another Put of the
// same block is under way; a block that is there already stays as it is. An error says that encoding or writing it failed, and
// then nothing of it is kept.
func (s *Store) Put(id ids.BlockID, v Value, level Level) (stored bool, err error) {
	return s.put(&block{id: id, level: level}, v)
}

// Adopt stores a block that comes encoded from another store, as Put does, but pushes no other block out of memory for it. It stays encoded
// in memory, also where its level says rows. It reports false when there is no room.
func (s *Store) Adopt(id ids.BlockID, encoded []byte, level Level) (stored bool, err error) {
	return s.put(&block{id: id, level: level, adopted: true}, Value{Encoded: encoded})
}

func (s *Store) put(b *block, v Value) (stored bool, err error) {
	id, level := b.id, b.level
	if !level.Valid() {
		return false, fmt.Errorf("storing %v: no such %v", id, level)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return false, fmt.Errorf("storing %v: the block store is closed", id)
	}
	if old := s.blocks[id]; old != nil {
		defer s.mu.Unlock()
		return !old.storing, nil
	}
	b.storing, b.pins = true, 1
	s.blocks[id] = b
	s.mu.Unlock()

	err = s.fill(b, v)

	s.mu.Lock()
	defer s.mu.Unlock()
	b.pins--
	if err != nil || b.removed || b.held == 0 && b.file == "" {
		s.abandon(b)
		if err != nil {
			return false, fmt.Errorf("storing %v: %w", id, err)
		}
		return false, nil
	}
	b.storing = false
	if b.held > 0 {
		s.recent.append(b)
	}
	s.tell(b)
	return true, nil
}

// abandon undoes a Put. The caller holds the lock; b may have been removed meanwhile.
func (s *Store) abandon(b *block) {
	if s.blocks[b.id] == b {
		delete(s.blocks, b.id)
	}
	if b.file != "" {
		s.discardFile(b.file)
	}
	s.forgetMemory(b)
}

// fill puts v where b's level wants it, without the lock: nobody else looks at a block that is being stored.
func (s *Store) fill(b *block, v Value) error {
	if b.level.Memory() && (!b.level.Encoded() || v.Rows == nil) {
		size := max(v.Size, 1)
		if v.Rows == nil {
			size = int64(max(len(v.Encoded), 1))
		}
		if s.reserveFor(b, size) {
			b.held, b.rows, b.encode = size, v.Rows, v.Encode
			if v.Rows == nil {
				b.chunks = [][]byte{v.Encoded}
			}
			return nil
		}
		if !b.level.Disk() {
			return nil
		}
	}
	return s.encode(b, v)
}

// encode fills b with encoded bytes: in memory while there is some and the level asks for it, else in a file.
func (s *Store) encode(b *block, v Value) error {
	w := &encoder{store: s, block: b, inMemory: b.level.Memory() && b.level.Encoded() && v.Rows != nil}
	err := func() error {
		if v.Rows == nil {
			_, err := w.Write(v.Encoded)
			return err
		}
		return v.Encode(w)
	}()
	if err == nil {
		err = w.finish()
	}
	if err != nil {
		w.discard()
	}
	if errors.Is(err, errNoMemory) {
		return nil
	}
	return err
}

// reserveFor takes n bytes of storage memory for a block. For one that was adopted there is what nobody uses.
func (s *Store) reserveFor(b *block, n int64) bool {
	if b.adopted {
		ok, _ := s.cfg.Memory.AcquireStorage(mem.Bytes(n))
		return ok
	}
	return s.reserve(n, rddOf(b.id))
}

// reserve takes n bytes of storage memory for a block of the given RDD, and evicts blocks of others where that helps.
func (s *Store) reserve(n int64, rdd int64) bool {
	for {
		ok, evict := s.cfg.Memory.AcquireStorage(mem.Bytes(n))
		if ok {
			return true
		}
		if evict == 0 || s.evict(int64(evict), rdd, true) == 0 {
			return false
		}
	}
}

// Promote puts the rows of a block that went to disk back into memory, if its level allows and there is room. The file stays, so that
// the next eviction costs nothing. It reports whether the rows are in memory now.
func (s *Store) Promote(id ids.BlockID, v Value) bool {
	s.mu.Lock()
	b := s.blocks[id]
	if b == nil || b.storing || b.held > 0 || !b.level.Memory() || b.level.Encoded() || v.Rows == nil {
		defer s.mu.Unlock()
		return b != nil && !b.storing && b.held > 0 // what is being stored belongs to Put
	}
	b.pins++
	s.mu.Unlock()

	size := max(v.Size, 1)
	room := s.reserve(size, rddOf(id))

	s.mu.Lock()
	defer s.mu.Unlock()
	b.pins--
	switch {
	case !room:
	case b.removed || b.held > 0: // somebody was faster
		s.cfg.Memory.ReleaseStorage(mem.Bytes(size))
	default:
		b.held, b.rows, b.encode = size, v.Rows, v.Encode
		s.recent.append(b)
		s.tell(b)
	}
	return !b.removed && b.held > 0
}
