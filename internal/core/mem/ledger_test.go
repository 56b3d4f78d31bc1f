package mem

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kilnproject/kiln/internal/core/ids"
)

func TestOneTaskMayHoldAllThatStorageDoesNotProtect(t *testing.T) {
	l := New(1000, 500)
	if got, evict := l.Acquire(1, 5000); got != 1000 || evict != 0 {
		t.Fatalf("alone: granted %d, evict %d", got, evict)
	}
	l.ReleaseAll(1)
	if ok, _ := l.AcquireStorage(300); !ok {
		t.Fatal("storage below its protected part was refused")
	}
	if got, evict := l.Acquire(1, 5000); got != 700 || evict != 0 {
		t.Fatalf("beside protected storage: granted %d, evict %d", got, evict)
	}
}

func TestStorageAboveItsProtectedPartIsEvictedForExecution(t *testing.T) {
	l := New(1000, 500)
	if ok, evict := l.AcquireStorage(900); !ok || evict != 0 {
		t.Fatalf("storage may borrow free memory: %v, %d", ok, evict)
	}
	got, evict := l.Acquire(1, 5000)
	if got != 100 || evict != 400 {
		t.Fatalf("granted %d, evict %d", got, evict)
	}
	l.ReleaseStorage(evict)
	if got, evict := l.Acquire(1, 4900); got != 400 || evict != 0 {
		t.Fatalf("after eviction granted %d, evict %d", got, evict)
	}
}

func TestStorageNeverTakesFromExecution(t *testing.T) {
	l := New(1000, 500)
	l.Acquire(1, 800)
	if ok, evict := l.AcquireStorage(201); ok || evict != 0 {
		t.Fatalf("more than execution leaves: %v, %d", ok, evict)
	}
	l.AcquireStorage(150)
	if ok, evict := l.AcquireStorage(100); ok || evict != 50 {
		t.Fatalf("storage makes room among its own blocks: %v, %d", ok, evict)
	}
}

func TestSharesFollowTheNumberOfActiveTasks(t *testing.T) {
	l := New(1000, 500)
	l.Acquire(1, 1000)
	if got, _ := l.Acquire(2, 400); got != 0 || !l.Starved(2) {
		t.Fatalf("a late task waits for its promised quarter: granted %d", got)
	}
	l.Release(1, 600)
	if got, _ := l.Acquire(1, 1000); got != 100 {
		t.Fatalf("the first task now has a cap of one half: granted %d", got)
	}
	if got, _ := l.Acquire(2, 400); got != 400 || l.Starved(2) {
		t.Fatalf("granted %d", got)
	}
	if leaked := l.ReleaseAll(1); leaked != 500 {
		t.Fatalf("leaked %d", leaked)
	}
	if got, _ := l.Acquire(2, 1000); got != 600 {
		t.Fatalf("alone again: granted %d", got)
	}
}

func TestGivingBackWhatIsNotHeldPanics(t *testing.T) {
	for name, f := range map[string]func(l *Ledger){
		"execution": func(l *Ledger) { l.Acquire(1, 10); l.Release(1, 11) },
		"unknown":   func(l *Ledger) { l.Release(7, 1) },
		"storage":   func(l *Ledger) { l.AcquireStorage(10); l.ReleaseStorage(11) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Fatal("no panic")
				}
			}()
			f(New(100, 50))
		})
	}
}

// dumb is the rules written down as sums over maps, without the ledger's running totals.
type dumb struct {
	limit, protected, storage Bytes
	held                      map[ids.TaskID]Bytes
}

func (d *dumb) execution() (sum Bytes) {
	for _, n := range d.held {
		sum += n
	}
	return sum
}

func (d *dumb) acquire(task ids.TaskID, n Bytes) (granted, evict Bytes) {
	d.held[task] += 0
	pool := d.limit - min(d.storage, d.protected)
	most := pool/Bytes(len(d.held)) - d.held[task]
	for granted < n && granted < most && d.execution()+d.storage < d.limit {
		d.held[task]++
		granted++
	}
	for granted+evict < n && granted+evict < most && d.storage-evict > d.protected {
		evict++
	}
	return granted, evict
}

func TestLedgerEqualsTheRulesWrittenAsSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := Bytes(rapid.IntRange(1, 200).Draw(t, "limit"))
		protected := Bytes(rapid.IntRange(0, int(limit)).Draw(t, "protected"))
		l, d := New(limit, protected), &dumb{limit: limit, protected: protected, held: map[ids.TaskID]Bytes{}}
		task := rapid.Map(rapid.IntRange(0, 4), func(n int) ids.TaskID { return ids.TaskID(n) })
		amount := rapid.Map(rapid.IntRange(1, 250), func(n int) Bytes { return Bytes(n) })
		t.Repeat(map[string]func(*rapid.T){
			"acquire": func(t *rapid.T) {
				id, n := task.Draw(t, "task"), amount.Draw(t, "n")
				got, evict := l.Acquire(id, n)
				if want, wantEvict := d.acquire(id, n); got != want || evict != wantEvict {
					t.Fatalf("granted %d, evict %d; want %d, %d", got, evict, want, wantEvict)
				}
			},
			"release": func(t *rapid.T) {
				id := task.Draw(t, "task")
				n := min(amount.Draw(t, "n"), l.Held(id))
				l.Release(id, n)
				if d.held[id] -= n; d.held[id] == 0 {
					delete(d.held, id)
				}
			},
			"releaseAll": func(t *rapid.T) {
				id := task.Draw(t, "task")
				if got := l.ReleaseAll(id); got != d.held[id] {
					t.Fatalf("leaked %d, want %d", got, d.held[id])
				}
				delete(d.held, id)
			},
			"acquireStorage": func(t *rapid.T) {
				n := amount.Draw(t, "n")
				free := limit - d.execution() - d.storage
				ok, evict := l.AcquireStorage(n)
				switch {
				case ok != (n <= free):
					t.Fatalf("%d of %d free bytes: %v", n, free, ok)
				case ok:
					d.storage += n
				case evict > 0 && (evict > d.storage || evict != n-free):
					t.Fatalf("evict %d of %d for %d with %d free", evict, d.storage, n, free)
				case evict == 0 && n <= limit-d.execution():
					t.Fatalf("%d bytes refused although eviction would help", n)
				}
			},
			"releaseStorage": func(t *rapid.T) {
				n := min(amount.Draw(t, "n"), l.Storage())
				l.ReleaseStorage(n)
				d.storage -= n
			},
			"": func(t *rapid.T) {
				if err := l.Check(); err != nil {
					t.Fatal(err)
				}
				if l.Storage() != d.storage || l.Execution() != d.execution() || l.Active() != len(d.held) {
					t.Fatalf("%+v, want %+v", l, d)
				}
				checkSomebodyCanGoOn(t, l)
			},
		})
	})
}

// checkSomebodyCanGoOn proves that waiting is safe: if every active task is starved, then memory is free or can be evicted.
func checkSomebodyCanGoOn(t *rapid.T, l *Ledger) {
	if l.Active() == 0 {
		return
	}
	for _, a := range l.accounts {
		if !l.Starved(a.task) {
			return
		}
	}
	if l.Free() == 0 && l.reclaimable() == 0 {
		t.Fatalf("all %d active tasks wait for nothing: %+v", l.Active(), l)
	}
}

func BenchmarkAcquireRelease(b *testing.B) {
	l := New(1<<30, 1<<29)
	for task := range ids.TaskID(7) {
		l.Acquire(task, 1<<20)
	}
	for b.Loop() {
		l.Acquire(8, 1<<16)
		l.Release(8, 1<<16)
	}
}
