package executor

import (
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
)

// pool is the executor's ledger behind a lock.
type pool struct {
	mu     sync.Mutex
	ledger *mem.Ledger
	evict  func(n int64) int64 // asks the block store for room; called without the lock
}

func newPool(limit, protected mem.Bytes) *pool { return &pool{ledger: mem.New(limit, protected)} }

// AcquireStorage implements block.Memory.
func (p *pool) AcquireStorage(n mem.Bytes) (bool, mem.Bytes) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.AcquireStorage(n)
}

// ReleaseStorage implements block.Memory.
func (p *pool) ReleaseStorage(n mem.Bytes) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ledger.ReleaseStorage(n)
}

// taskMemory is one task's account, op.Memory and shuffle.Memory. It belongs to the task's goroutine.
type taskMemory struct {
	pool *pool
	task ids.TaskID
	held int64
	peak int64
}

// Grow gives all n bytes or none. Cached blocks above their protected share go first.
func (m *taskMemory) Grow(n int64) bool {
	if n <= 0 {
		return true
	}
	p := m.pool
	p.mu.Lock()
	got, evict := p.ledger.Acquire(m.task, mem.Bytes(n))
	for got < mem.Bytes(n) && evict > 0 {
		p.mu.Unlock()
		freed := p.evict(int64(evict))
		p.mu.Lock()
		if freed == 0 {
			break
		}
		var more mem.Bytes
		more, evict = p.ledger.Acquire(m.task, mem.Bytes(n)-got)
		got += more
	}
	defer p.mu.Unlock()
	if got < mem.Bytes(n) {
		p.ledger.Release(m.task, got)
		return false
	}
	m.held += n
	m.peak = max(m.peak, m.held)
	return true
}

// Shrink gives n bytes back.
func (m *taskMemory) Shrink(n int64) {
	n = min(n, m.held)
	if n <= 0 {
		return
	}
	m.held -= n
	m.pool.mu.Lock()
	defer m.pool.mu.Unlock()
	m.pool.ledger.Release(m.task, mem.Bytes(n))
}

// end closes the account and gives what the task forgot to give back.
func (m *taskMemory) end() (leaked int64) {
	if m.peak == 0 {
		return 0
	}
	m.pool.mu.Lock()
	defer m.pool.mu.Unlock()
	return int64(m.pool.ledger.ReleaseAll(m.task))
}
