package block

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// Memory is the executor's account of storage memory: a [mem.Ledger] behind the executor's lock. Its methods are called from
// many goroutines and must not call the store.
type Memory interface {
	// AcquireStorage gives n bytes, or says how many bytes of other blocks must go first; zero means that it can not be had.
	AcquireStorage(n mem.Bytes) (ok bool, evict mem.Bytes)
	// ReleaseStorage gives n bytes back.
	ReleaseStorage(n mem.Bytes)
}

// Config of a Store. Its functions are called from many goroutines, must be quick, and must not call the store.
type Config struct {
	Dir     string       // where its files go; the store owns it and makes it when it first needs it
	Disk    disk.Options // faults, for tests
	Memory  Memory       // nil: memory is not limited
	Changed func(Change) // told of every change, in order; may be nil
	Damaged func(error)  // told of files that could not be read, written or removed, and what was lost by it; may be nil
}

// Change says what the store now holds of a block. Both sizes are zero when it is gone.
type Change struct {
	ID     ids.BlockID
	Level  Level
	Memory int64 // bytes in memory
	Disk   int64 // bytes on disk
}

// Store keeps the blocks of one executor. It is safe for concurrent use.
type Store struct {
	cfg Config
	dir *disk.Dir

	mu      sync.Mutex
	closed  bool
	names   int64 // files are numbered, so that a block stored again never meets the file of its predecessor
	blocks  map[ids.BlockID]*block
	flights map[ids.BlockID]*flight
	recent  list // the blocks that hold memory, least recently used first
}

// block is what the store knows of one block. All fields are guarded by the store's lock, but while storing is set the fields
// from held on belong to Put; what rows, encode, chunks and file point to does not change.
type block struct {
	id      ids.BlockID
	level   Level
	adopted bool // it pushes no other block out
	storing bool // Put is not done: the block can not be seen yet
	removed bool // not in the store's map any more; what it holds is given back with its last pin
	pins    int  // readers, and the eviction or put under way

	held   int64 // bytes on the ledger; while not storing: > 0 exactly when rows or chunks are set and the block is in recent
	rows   any
	encode func(io.Writer) error
	chunks [][]byte

	file     string // name in dir, when on disk
	diskSize int64  // bytes of the file without its trailer

	prev, next *block // in recent
}

// Open gives an empty store.
func Open(cfg Config) (*Store, error) {
	if cfg.Dir == "" {
		return nil, errors.New("block store: no directory for its files was given")
	}
	if cfg.Changed == nil {
		cfg.Changed = func(Change) {}
	}
	if cfg.Damaged == nil {
		cfg.Damaged = func(error) {}
	}
	if cfg.Memory == nil {
		cfg.Memory = unlimited{}
	}
	return &Store{
		cfg: cfg, dir: disk.Open(cfg.Dir, cfg.Disk),
		blocks: map[ids.BlockID]*block{}, flights: map[ids.BlockID]*flight{},
	}, nil
}

// Remove drops a block. Readers that hold it keep reading. It reports whether the block was there.
func (s *Store) Remove(id ids.BlockID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.blocks[id]
	if b == nil {
		return false
	}
	s.drop(b)
	return true
}

// RemoveRDD drops all cached partitions of an RDD and gives their number.
func (s *Store) RemoveRDD(rdd ids.RDDID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for id, b := range s.blocks {
		if id.Kind == ids.RDDBlock && id.A == int64(rdd) {
			s.drop(b)
			n++
		}
	}
	return n
}

// Close drops every block and deletes the store's files. Readers of blocks in memory keep reading.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, b := range s.blocks {
		s.drop(b)
	}
	s.mu.Unlock()
	return s.dir.Close()
}

// drop takes b out of the store. The caller holds the lock.
func (s *Store) drop(b *block) {
	delete(s.blocks, b.id)
	b.removed = true
	if b.storing {
		return // Put works on b without the lock; it will see that b is removed, and undo what it did
	}
	if b.held > 0 {
		s.recent.remove(b)
	}
	if b.file != "" {
		s.discardFile(b.file)
	}
	s.cfg.Changed(Change{ID: b.id, Level: b.level})
	if b.pins == 0 {
		s.forgetMemory(b)
	}
}

// forgetMemory gives b's memory back to the ledger. The caller holds the lock, and nobody reads b.
func (s *Store) forgetMemory(b *block) {
	if b.held > 0 {
		s.cfg.Memory.ReleaseStorage(mem.Bytes(b.held))
	}
	b.held, b.rows, b.encode, b.chunks = 0, nil, nil, nil
}

func (s *Store) discardFile(name string) {
	if err := s.dir.Remove(name); err != nil {
		s.cfg.Damaged(fmt.Errorf("a block's file could not be removed: %w", err))
	}
}

func (s *Store) tell(b *block) {
	s.cfg.Changed(Change{ID: b.id, Level: b.level, Memory: b.held, Disk: b.diskSize})
}

// rddOf gives the RDD of a cached partition, and -1 for every other block.
func rddOf(id ids.BlockID) int64 {
	if id.Kind == ids.RDDBlock {
		return id.A
	}
	return -1
}

// unlimited is the account of a store whose memory nobody limits.
type unlimited struct{}

func (unlimited) AcquireStorage(mem.Bytes) (bool, mem.Bytes) { return true, 0 }
func (unlimited) ReleaseStorage(mem.Bytes)                   {}

// list is a list of blocks, oldest first; its links are in the blocks.
type list struct{ first, last *block }

func (l *list) append(b *block) {
	b.prev, b.next = l.last, nil
	if l.last != nil {
		l.last.next = b
	} else {
		l.first = b
	}
	l.last = b
}

func (l *list) remove(b *block) {
	if b.prev != nil {
		b.prev.next = b.next
	} else {
		l.first = b.next
	}
	if b.next != nil {
		b.next.prev = b.prev
	} else {
		l.last = b.prev
	}
	b.prev, b.next = nil, nil
}
