package broadcast

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Memory is the account of what an executor keeps for others only. It is called from many goroutines.
type Memory interface {
	// Take gives n bytes of memory that nobody uses, or none of them.
	Take(n int64) bool
	// Give gives n bytes back.
	Give(n int64)
}

// errAbsent is in the error about a block that is not on the shelf, nor on its way there.
var errAbsent = errors.New("it is not here")

// shelf has the blocks that this executor gives to others: all of a broadcast or list while they come, and afterwards as long as nobody
// needs the memory for anything else. It is safe for concurrent use.
type shelf struct {
	memory Memory
	mu     sync.Mutex
	items  map[ids.BlockID]*item
	kept   []*item // those that came, oldest first
}

// item is the blocks of one broadcast, or one list of map outputs. The shelf's lock guards it.
type item struct {
	first  ids.BlockID // the first block, by which the item is known
	pieces []piece
	held   int64 // bytes on the account; 0 while the blocks come
}

// piece is one block: here when data is set, on its way while done is set.
type piece struct {
	data []byte
	sums []uint32
	done chan struct{} // closed when the block has come, or will not come
}

// whole gives the item that a block is of, and its place there.
func whole(b ids.BlockID) (first ids.BlockID, i int) {
	if b.Kind == ids.BroadcastBlock {
		return ids.BlockID{Kind: b.Kind, A: b.A}, int(b.B)
	}
	return b, 0
}

// begin makes room for n blocks that are about to come. Older ones of the same name are forgotten.
func (s *shelf) begin(first ids.BlockID, n int) *item {
	it := &item{first: first, pieces: make([]piece, n)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(first)
	if s.items == nil {
		s.items = map[ids.BlockID]*item{}
	}
	s.items[first] = it
	return it
}

// promise says that a block is on its way. Settle must follow.
func (s *shelf) promise(it *item, i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it.pieces[i] = piece{done: make(chan struct{})}
}

// settle says that a block has come; data is nil when it did not.
func (s *shelf) settle(it *item, i int, data []byte, sums []uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &it.pieces[i]
	if p.done != nil {
		close(p.done)
	}
	*p = piece{data: data, sums: sums}
}

// end says that no more blocks come. They stay when all are here, keep is set and there is memory that nobody uses.
func (s *shelf) end(it *item, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items[it.first] != it {
		return // it was dropped
	}
	size := int64(0)
	for _, p := range it.pieces {
		keep = keep && p.data != nil
		size += int64(len(p.data))
	}
	if !keep || !s.memory.Take(size) {
		delete(s.items, it.first)
		return
	}
	it.held = size
	s.kept = append(s.kept, it)
}

// remove drops the blocks of a broadcast, or a list. Who is being sent one gets it.
func (s *shelf) remove(first ids.BlockID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(first)
}

// drop is remove under the lock.
func (s *shelf) drop(first ids.BlockID) {
	it := s.items[first]
	if it == nil {
		return
	}
	delete(s.items, first)
	if it.held == 0 {
		return // its blocks are on their way
	}
	s.kept = slices.DeleteFunc(s.kept, func(k *item) bool { return k == it })
	s.memory.Give(it.held)
	it.held = 0
}

// evict gives back at least n bytes of memory, or all, and gives how many.
func (s *shelf) evict(n int64) (freed int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for freed < n && len(s.kept) > 0 {
		it := s.kept[0]
		freed += it.held
		s.drop(it.first)
	}
	return freed
}

// open gives a block and its checksums, read only. For one that is on its way it waits for a while; then data is nil.
func (s *shelf) open(ctx context.Context, b ids.BlockID, wait time.Duration) (data []byte, sums []uint32, err error) {
	enough := time.NewTimer(wait)
	defer enough.Stop()
	for {
		p, err := s.find(b)
		if err != nil || p.data != nil {
			return p.data, p.sums, err
		}
		select {
		case <-p.done:
		case <-enough.C:
			return nil, nil, nil
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}

// find gives a block as it is now: with data, or on its way.
func (s *shelf) find(b ids.BlockID) (piece, error) {
	first, i := whole(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.items[first]
	if it == nil || i < 0 || i >= len(it.pieces) || it.pieces[i].data == nil && it.pieces[i].done == nil {
		return piece{}, fmt.Errorf("%v: %w", b, errAbsent)
	}
	return it.pieces[i], nil
}
