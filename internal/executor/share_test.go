package executor

import (
	"context"
	"errors"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/work"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/data/broadcast"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// crowd is the block server of a driver with so many executors that they share what it has: it has a list and a broadcast of one piece.
type crowd struct {
	transport.Fetcher
	data []byte
}

func (c crowd) FetchInto(_ context.Context, _ string, want []ids.BlockID, room func(int, int64) []byte, got func(int, []byte, error)) error {
	if _, _, ok := want[0].AsPlace(); ok {
		got(0, broadcast.Place{Shared: true, Sums: transport.Sums(c.data)}.Append(nil), nil)
		return nil
	}
	to := room(0, int64(len(c.data)))
	if to == nil {
		to = make([]byte, len(c.data))
	}
	copy(to, c.data)
	got(0, to, nil)
	return nil
}

// sharing is an executor that has got a list and a broadcast, of so many bytes each, and keeps them for others.
func sharing(t *testing.T, memory int64, size int) (e *Executor, list, piece ids.BlockID) {
	t.Helper()
	e, err := New(Config{Slots: 1, Memory: memory, Protected: memory / 4, Dir: t.TempDir(), Fetch: crowd{data: make([]byte, size)}, DriverBlocks: "driver"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	list, piece = ids.Inputs(ids.StageRef{Stage: 3}), ids.Broadcast(7, 0)
	if _, err := e.exchange.Bring(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if _, err := e.exchange.Download(t.Context(), broadcast.Ref{ID: 7, Size: int64(size), Pieces: 1}); err != nil {
		t.Fatal(err)
	}
	return e, list, piece
}

// serves says which of the blocks others get.
func serves(t *testing.T, e *Executor, all ...ids.BlockID) (n int) {
	t.Helper()
	for _, id := range all {
		b, err := e.Blocks().OpenBlock(id)
		if err != nil && !errors.Is(err, transport.ErrNotFound) {
			t.Errorf("%v: %v", id, err)
		}
		if err == nil && len(b.Data) > 0 && len(b.Sums) > 0 {
			n++
		}
	}
	return n
}

func TestAnExecutorGivesOnWhatTheDriverHasUntilItIsTold(t *testing.T) {
	e, list, piece := sharing(t, 4<<20, 1<<20)
	if n := serves(t, e, list, piece); n != 2 || e.memory.ledger.Storage() != 2<<20 {
		t.Fatalf("%d of the blocks are given, %d bytes are held", n, e.memory.ledger.Storage())
	}
	if serves(t, e, ids.Broadcast(7, 1), ids.Broadcast(8, 0), ids.Inputs(ids.StageRef{Stage: 3, Attempt: 1})) != 0 {
		t.Error("blocks are given that never came")
	}
	e.drop(wire.Drop{Kind: ids.BroadcastBlock, ID: 7})
	if serves(t, e, piece) != 0 || serves(t, e, list) != 1 {
		t.Error("a broadcast was dropped, and is given")
	}
	e.perform([]work.Action{work.DropStage{Ref: ids.StageRef{Stage: 3}}}, nil)
	if serves(t, e, list) != 0 || e.memory.ledger.Storage() != 0 {
		t.Errorf("a stage attempt is over, and its list is given; %d bytes are held", e.memory.ledger.Storage())
	}
}

// Others get such blocks from somebody else.
func TestWhatIsKeptForOthersMakesRoomForTasksAndCachedPartitions(t *testing.T) {
	e, list, piece := sharing(t, 4<<20, 1<<20)
	m := &taskMemory{pool: e.memory, task: 1}
	if !m.Grow(5<<19) || serves(t, e, list) != 0 || serves(t, e, piece) != 1 {
		t.Errorf("after a task took memory, list and piece are given %d and %d times", serves(t, e, list), serves(t, e, piece))
	}
	cached := block.Value{Encoded: make([]byte, 1<<20)}
	if stored, err := e.blocks.Put(ids.RDD(1, 0), cached, block.MemoryOnly); !stored || err != nil {
		t.Errorf("a cached partition has no room: %v", err)
	}
	if serves(t, e, list, piece) != 0 || !e.blocks.Has(ids.RDD(1, 0)) {
		t.Error("a cached partition has less right to memory than what is kept for others")
	}
	m.Shrink(5 << 19)
	if _, err := e.exchange.Bring(t.Context(), list); err != nil || serves(t, e, list) != 1 {
		t.Errorf("the list is not kept where there is room again: %v", err)
	}
	if !m.Grow(5<<19) || serves(t, e, list) != 0 || !e.blocks.Has(ids.RDD(1, 0)) {
		t.Error("a cached partition went for a task before what is kept for others")
	}
	m.Shrink(5 << 19)
	if held := e.memory.ledger.Storage(); held != 1<<20 {
		t.Errorf("%d bytes are held", held)
	}
}

func TestNothingIsKeptForOthersWhereMemoryIsUsed(t *testing.T) {
	e, list, piece := sharing(t, 3<<19, 1<<20)
	if serves(t, e, list) != 1 || serves(t, e, piece) != 0 || e.memory.ledger.Storage() != 1<<20 {
		t.Errorf("%d bytes are held", e.memory.ledger.Storage())
	}
}
