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
	evict  func(n int64) int64 // asks the block store for room; called without the lock, as is
	spare  func(n int64) int64 // which asks those who keep something that others can do without
}

func newPool(limit, protected mem.Bytes) *pool {
	none := func(int64) int64 { return 0 }
	return &pool{ledger: mem.New(limit, protected), evict: none, spare: none}
}

// AcquireStorage implements block.Memory.
func (p *pool) AcquireStorage(n mem.Bytes) (bool, mem.Bytes) {
	for {
		ok, evict := p.tryStorage(n)
		if ok || evict == 0 || p.spare(int64(evict)) == 0 {
			return ok, evict
		}
	}
}

func (p *pool) tryStorage(n mem.Bytes) (bool, mem.Bytes) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.AcquireStorage(n)
}

// makeRoom frees n bytes of storage memory, or what there is: first what nobody here needs, then cached blocks.
func (p *pool) makeRoom(n int64) (freed int64) {
	if freed = p.spare(n); freed < n {
		freed += p.evict(n - freed)
	}
	return freed
}

// spare is the account of what is kept in memory that nobody uses, and goes when somebody does: broadcast.Memory.
type spare struct{ *pool }

// Take implements broadcast.Memory.
func (s spare) Take(n int64) bool {
	ok, _ := s.tryStorage(mem.Bytes(n))
	return ok
}

// Give implements broadcast.Memory.
func (s spare) Give(n int64) { s.ReleaseStorage(mem.Bytes(n)) }

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
		freed := p.makeRoom(int64(evict))
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
