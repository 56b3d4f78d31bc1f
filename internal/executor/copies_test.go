package executor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// copyOf orders a copy of the cached partition that places give.
func copyOf(level block.Level) task.Copy {
	return task.Copy{Block: ids.RDD(7, 3), Generation: 2, From: task.Location{Executor: 1, Addr: "a"}, Level: task.Level(level)}
}

func TestACachedPartitionIsCopiedWhereThereIsRoom(t *testing.T) {
	whole := encoded(t)
	size := int64(len(whole))
	flipped := append([]byte{}, whole...)
	flipped[size-1] ^= 1
	for name, c := range map[string]struct {
		level  block.Level
		memory int64
		gives  []byte
		where  string // memory or disk; empty for nowhere
		why    string
	}{
		"in memory":               {block.MemoryOnly, size, whole, "memory", ""},
		"in memory, not on disk":  {block.MemoryAndDisk, size, whole, "memory", ""},
		"on disk, without memory": {block.MemoryAndDisk, size - 1, whole, "disk", ""},
		"on disk only":            {block.DiskOnly, size - 1, whole, "disk", ""},
		"nowhere":                 {block.MemoryEncoded, size - 1, whole, "", "no memory"},
		"damaged":                 {block.DiskOnly, size - 1, flipped, "", "checksum"},
		"gone":                    {block.MemoryOnly, size, nil, "", transport.ErrGone.Error()},
		"at no level":             {0, size, whole, "", "no such level"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &places{give: map[string]func(context.Context) ([]byte, error){"a": func(context.Context) ([]byte, error) {
				if c.gives == nil {
					return nil, transport.ErrGone
				}
				return c.gives, nil
			}}}
			e, err := New(Config{Slots: 1, Memory: c.memory, Dir: t.TempDir(), Fetch: p})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			err = e.copy(t.Context(), copyOf(c.level))
			if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want something with %q", err, c.why)
			}
			if got := where(e); got != c.where {
				t.Errorf("it is kept in %q, want %q", got, c.where)
			}
			kept := int64(e.memory.ledger.Storage())
			if (kept > 0) != (c.where == "memory") || len(e.arriving) > 0 {
				t.Errorf("%d bytes of memory are taken, %d arrive", kept, len(e.arriving))
			}
			told := e.changes.take()
			if len(told) > 0 != (c.where != "") || len(told) > 0 && told[0].Level != task.Level(c.level) {
				t.Errorf("told %+v", told)
			}
			if asked := len(p.asked); c.where != "" && (e.copy(t.Context(), copyOf(c.level)) != nil || len(p.asked) != asked) {
				t.Error("what is here is copied again")
			}
		})
	}
}

// where says where an executor keeps the partition of which it took a copy.
func where(e *Executor) string {
	b, ok := e.blocks.Get(ids.RDD(7, 3).OfGeneration(2))
	if !ok {
		return ""
	}
	defer b.Release()
	if b.File() != nil {
		return "disk"
	}
	return "memory"
}

func TestACopyOfWhatIsDroppedMeanwhileIsNotKept(t *testing.T) {
	whole := encoded(t)
	for name, late := range map[string]bool{"while it comes": false, "when it has come": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				comes := make(chan struct{})
				p := &places{give: map[string]func(context.Context) ([]byte, error){"a": func(ctx context.Context) ([]byte, error) {
					select {
					case <-comes:
						return whole, nil
					case <-ctx.Done():
						return nil, context.Cause(ctx)
					}
				}}}
				e, err := New(Config{Slots: 1, Memory: 1000, Dir: t.TempDir(), Fetch: p})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				e.take(&wire.Down{Copies: []task.Copy{copyOf(block.MemoryOnly)}}, nil)
				synctest.Wait()
				if late {
					close(comes)
					synctest.Wait()
				}
				e.take(&wire.Down{Drop: []wire.Drop{{Kind: ids.RDDBlock, ID: 8}}}, nil) // another one
				e.take(&wire.Down{Drop: []wire.Drop{{Kind: ids.RDDBlock, ID: 7}}}, nil)
				e.copyEnded(<-e.copied)
				if dropped := strings.Contains(e.up.Copied[0].Error, errDropped.Error()); dropped == late || len(e.copies) > 0 {
					t.Errorf("told %+v, %d copies are under way", e.up.Copied, len(e.copies))
				}
				if where(e) != "" || e.memory.ledger.Storage() != 0 {
					t.Error("it is kept")
				}
			})
		})
	}
}

func TestACopyThatIsStoppedTooLateTakesItselfAway(t *testing.T) {
	e, err := New(Config{Slots: 1, Memory: 1000, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errDropped)
	if err := e.adopt(ctx, ids.RDD(7, 3).OfGeneration(2), encoded(t), block.MemoryOnly); !errors.Is(err, errDropped) {
		t.Errorf("got %v", err)
	}
	if where(e) != "" || e.memory.ledger.Storage() != 0 {
		t.Error("it is kept")
	}
}

func TestPartitionsForWhichThereIsNoMemoryComeOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Config{Slots: 1, Memory: 10, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		first, second := &arrival{e: e, ctx: t.Context(), disk: true}, &arrival{e: e, ctx: t.Context(), disk: true}
		small := &arrival{e: e, ctx: t.Context()}
		if !small.Grow(10) || small.Grow(1) || !first.Grow(11) {
			t.Fatal("the first ones do not come")
		}
		came := make(chan bool, 1)
		go func() { came <- second.Grow(11) }()
		synctest.Wait()
		if len(came) > 0 {
			t.Fatal("two come at once")
		}
		first.Shrink(11)
		if !<-came {
			t.Fatal("the second does not come")
		}
		ctx, stop := context.WithCancel(t.Context())
		third := &arrival{e: e, ctx: ctx, disk: true}
		go func() { came <- third.Grow(11) }()
		synctest.Wait()
		if stop(); <-came {
			t.Error("one that is stopped comes")
		}
		third.Shrink(11)
		second.Shrink(11)
		small.Shrink(10)
		if len(e.arriving) > 0 || e.memory.ledger.Storage() != mem.Bytes(0) {
			t.Error("something is left")
		}
	})
}
