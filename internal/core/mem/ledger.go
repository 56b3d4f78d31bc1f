package mem

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Bytes is an amount of memory.
type Bytes int64

// Ledger accounts the managed memory of one executor. It is not safe for concurrent use.
type Ledger struct {
	limit     Bytes // > 0
	protected Bytes // 0 <= protected <= limit: storage up to here is not evicted for execution

	storage   Bytes     // storage >= 0
	execution Bytes     // the sum of all accounts; execution + storage <= limit
	accounts  []account // the active tasks, in order of arrival; as many as there are slots, so a walk is cheap
}

// account is what one active task holds. An account of zero bytes belongs to a task that asked and waits.
type account struct {
	task ids.TaskID
	held Bytes
}

// New gives the ledger of an executor with limit bytes, of which execution leaves protected bytes to storage. A limit below one
// byte counts as one; protected is brought into 0..limit.
func New(limit, protected Bytes) *Ledger {
	limit = max(limit, 1)
	return &Ledger{limit: limit, protected: min(max(protected, 0), limit)}
}

// Acquire gives task at most n more bytes of execution memory, as many as are free and its share allows.
//
// When granted is less than n, evict says how many bytes of cached blocks would have to go for the rest: the caller evicts
// them, tells ReleaseStorage, and asks again for n - granted. With evict zero nothing more is to be had now: a task that
// is [Ledger.Starved] may wait for other tasks, every other one spills.
//
// The first Acquire makes the task active, which lowers the share of all others; Release of its last byte or ReleaseAll ends that.
func (l *Ledger) Acquire(task ids.TaskID, n Bytes) (granted, evict Bytes) {
	if n <= 0 {
		return 0, 0
	}
	i := l.find(task)
	if i < 0 {
		i = len(l.accounts)
		l.accounts = append(l.accounts, account{task: task})
	}
	a := &l.accounts[i]
	allowed := min(n, max(0, l.share()-a.held))
	granted = min(allowed, l.Free())
	a.held += granted
	l.execution += granted
	return granted, min(allowed-granted, l.reclaimable())
}

// Release takes n bytes back from task. Giving back more than it holds is a broken invariant and panics.
func (l *Ledger) Release(task ids.TaskID, n Bytes) {
	i := l.find(task)
	if n < 0 || i < 0 && n > 0 || i >= 0 && n > l.accounts[i].held {
		panic(fmt.Sprintf("mem: task %d gives back %d bytes of execution memory and holds %d", task, n, l.Held(task)))
	}
	if i < 0 {
		return
	}
	l.accounts[i].held -= n
	l.execution -= n
	if l.accounts[i].held == 0 {
		l.accounts = slices.Delete(l.accounts, i, i+1)
	}
}

// ReleaseAll ends the task's account and gives what it still held: bytes that the task leaked, if it had ended by itself.
func (l *Ledger) ReleaseAll(task ids.TaskID) (leaked Bytes) {
	i := l.find(task)
	if i < 0 {
		return 0
	}
	leaked = l.accounts[i].held
	l.execution -= leaked
	l.accounts = slices.Delete(l.accounts, i, i+1)
	return leaked
}

// Starved reports whether task holds less than the 1/2N of the execution memory that it is promised. Such a task need not spill:
// other tasks hold more than their share, and it gets its part when they give some back. Never are all active tasks starved
// while each of them can be granted nothing.
func (l *Ledger) Starved(task ids.TaskID) bool {
	i := l.find(task)
	return i >= 0 && l.accounts[i].held < l.share()/2
}

// AcquireStorage gives storage n more bytes, all or nothing. When it is refused, evict says how many bytes of other cached blocks
// would have to go first; zero means that n bytes can not be had while execution holds what it holds.
func (l *Ledger) AcquireStorage(n Bytes) (ok bool, evict Bytes) {
	switch {
	case n <= l.Free():
		l.storage += max(n, 0)
		return true, 0
	case n > l.limit-l.execution:
		return false, 0
	}
	return false, n - l.Free()
}

// ReleaseStorage takes n bytes back from storage. Giving back more than it holds is a broken invariant and panics.
func (l *Ledger) ReleaseStorage(n Bytes) {
	if n < 0 || n > l.storage {
		panic(fmt.Sprintf("mem: %d bytes of storage memory given back, %d held", n, l.storage))
	}
	l.storage -= n
}

// Limit is what execution and storage may hold together.
func (l *Ledger) Limit() Bytes { return l.limit }

// Free is what neither execution nor storage holds.
func (l *Ledger) Free() Bytes { return l.limit - l.execution - l.storage }

// Execution is what all tasks hold together.
func (l *Ledger) Execution() Bytes { return l.execution }

// Storage is what cached blocks hold.
func (l *Ledger) Storage() Bytes { return l.storage }

// Active is the number of tasks that hold execution memory or wait for some.
func (l *Ledger) Active() int { return len(l.accounts) }

// Held is what task holds.
func (l *Ledger) Held(task ids.TaskID) Bytes {
	if i := l.find(task); i >= 0 {
		return l.accounts[i].held
	}
	return 0
}

// Check gives an error when an invariant is broken.
func (l *Ledger) Check() error {
	var sum Bytes
	for i, a := range l.accounts {
		sum += a.held
		if a.held < 0 {
			return fmt.Errorf("mem: task %d holds %d bytes", a.task, a.held)
		}
		if l.find(a.task) != i {
			return fmt.Errorf("mem: task %d has two accounts", a.task)
		}
	}
	switch {
	case sum != l.execution:
		return fmt.Errorf("mem: accounts hold %d bytes, execution %d", sum, l.execution)
	case l.storage < 0:
		return fmt.Errorf("mem: storage holds %d bytes", l.storage)
	case l.execution+l.storage > l.limit:
		return fmt.Errorf("mem: execution %d and storage %d exceed the limit %d", l.execution, l.storage, l.limit)
	}
	return nil
}

// share is the most that one active task may hold: 1/N of what execution could have if it took back all it may.
func (l *Ledger) share() Bytes {
	return (l.limit - min(l.storage, l.protected)) / Bytes(max(1, len(l.accounts)))
}

// reclaimable is what storage holds above its protected part.
func (l *Ledger) reclaimable() Bytes { return max(0, l.storage-l.protected) }

func (l *Ledger) find(task ids.TaskID) int {
	for i := range l.accounts {
		if l.accounts[i].task == task {
			return i
		}
	}
	return -1
}
