package executor

import (
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
)

func TestGrowGivesAllOrNothing(t *testing.T) {
	p := newPool(1000, 0)
	p.evict = func(int64) int64 { return 0 }
	a := &taskMemory{pool: p, task: ids.TaskID(1)}
	if !a.Grow(600) || a.Grow(600) || !a.Grow(400) {
		t.Fatal("a task alone has the whole pool, and no more")
	}
	if a.held != 1000 || p.ledger.Execution() != 1000 {
		t.Errorf("%d bytes held, %d in the ledger", a.held, p.ledger.Execution())
	}
	a.Shrink(1000)
	if p.ledger.Execution() != 0 {
		t.Errorf("%d bytes left in the ledger", p.ledger.Execution())
	}
}

func TestWhatATaskForgetsIsGivenBackAtItsEnd(t *testing.T) {
	p := newPool(1000, 0)
	a := &taskMemory{pool: p, task: ids.TaskID(1)}
	a.Grow(300)
	if leaked := a.end(); leaked != 300 || p.ledger.Execution() != 0 {
		t.Errorf("%d leaked, %d left", leaked, p.ledger.Execution())
	}
}

func TestExecutionPushesCachedBlocksOut(t *testing.T) {
	p := newPool(1000, 200)
	if ok, _ := p.AcquireStorage(900); !ok {
		t.Fatal("storage may take what nobody uses")
	}
	p.evict = func(n int64) int64 {
		p.ReleaseStorage(900)
		return 900
	}
	a := &taskMemory{pool: p, task: ids.TaskID(1)}
	if !a.Grow(500) {
		t.Error("execution did not get what storage had borrowed")
	}
}
