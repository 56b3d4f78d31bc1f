package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"unsafe"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/internal/link/transport"
)

// places is a fetcher: what each address gives, and which addresses were asked.
type places struct {
	give  map[string]func(ctx context.Context) ([]byte, error)
	asked []string
}

func (p *places) Fetch(ctx context.Context, addr string, want []ids.BlockID, got func(int, []byte, error)) error {
	return p.FetchInto(ctx, addr, want, func(_ int, size int64) []byte { return make([]byte, size) }, got)
}

func (p *places) FetchInto(
	ctx context.Context, addr string, want []ids.BlockID, room func(int, int64) []byte, got func(int, []byte, error),
) error {
	p.asked = append(p.asked, addr)
	if len(want) != 1 || want[0] != ids.RDD(7, 3).OfGeneration(2) {
		return fmt.Errorf("asked for %v", want)
	}
	data, err := p.give[addr](ctx)
	if err != nil {
		return err
	}
	into := room(0, int64(len(data)))
	if into == nil {
		into = make([]byte, len(data))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	copy(into, data)
	got(0, into, nil)
	return nil
}

// encoded is a cached partition as it travels.
func encoded(t *testing.T) []byte {
	t.Helper()
	c, err := codec.For[int64]()
	if err != nil {
		t.Fatal(err)
	}
	rows := []int64{1, 2, 3}
	data, err := codec.NewEncoder(c, codec.None).AppendBlock(nil, unsafe.Pointer(&rows[0]), len(rows))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = codec.NewEncoder(c, codec.None).AppendBlock(data, unsafe.Pointer(&rows[0]), len(rows)); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestACachedPartitionIsReadFromTheFirstPlaceThatGivesIt(t *testing.T) {
	whole := encoded(t)
	is := func(data []byte) func(context.Context) ([]byte, error) {
		return func(context.Context) ([]byte, error) { return data, nil }
	}
	fails := func(context.Context) ([]byte, error) { return nil, transport.ErrGone }
	flipped := append([]byte{}, whole...)
	flipped[len(flipped)-1] ^= 1
	for name, c := range map[string]struct {
		first, second func(context.Context) ([]byte, error)
		memory        int64
		there         bool
		asked         int
	}{
		"the first":               {is(whole), is(whole), 1000, true, 1},
		"gone, then the second":   {fails, is(whole), 1000, true, 2},
		"flipped, then second":    {is(flipped), is(whole), 1000, true, 2},
		"cut off, then second":    {is(whole[:len(whole)-1]), is(whole), 1000, true, 2},
		"none":                    {fails, is(flipped), 1000, false, 2},
		"an empty one":            {is([]byte{}), fails, 1000, true, 1},
		"no memory, nobody gives": {is(whole), is(whole), int64(len(whole)) - 1, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := &places{give: map[string]func(context.Context) ([]byte, error){"a": c.first, "b": c.second}}
			loaded, held, there, err := fromElsewhere(t, t.Context(), p, c.memory)
			if err != nil || there != c.there || len(p.asked) != c.asked || held != 0 {
				t.Errorf("there: %v, asked %v, %d bytes held, %v", there, p.asked, held, err)
			}
			if c.there != (loaded >= 0) {
				t.Errorf("%d bytes were loaded", loaded)
			}
		})
	}
}

func TestAKilledTaskLooksForNoOtherPlace(t *testing.T) {
	why := errors.New("killed")
	ctx, kill := context.WithCancelCause(t.Context())
	p := &places{give: map[string]func(context.Context) ([]byte, error){"a": func(ctx context.Context) ([]byte, error) {
		kill(why)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}}}
	if _, _, there, err := fromElsewhere(t, ctx, p, 1000); there || !errors.Is(err, why) || len(p.asked) != 1 {
		t.Errorf("there: %v, asked %v, %v", there, p.asked, err)
	}
}

// fromElsewhere lets a task look for a partition that the driver says is at a and b. It gives how many bytes were loaded, -1 for nothing.
func fromElsewhere(t *testing.T, ctx context.Context, p *places, memory int64) (loaded int, held mem.Bytes, there bool, err error) {
	t.Helper()
	e, err := New(Config{Slots: 1, Memory: memory, Dir: t.TempDir(), Fetch: p})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	a := &attempt{ctx: ctx, launch: task.Launch{ID: 5}}
	go func() {
		asked := <-e.asks
		if asked.call.Kind == task.Locate && asked.call.Block == ids.RDD(7, 3).OfGeneration(2) {
			asked.replies <- task.Reply{Places: []task.Location{{Executor: 1, Addr: "a"}, {Executor: 2, Addr: "b"}}}
		}
	}()
	loaded = -1
	work := &op.Task{Context: ctx, Metrics: &task.Metrics{}, Memory: &taskMemory{pool: e.memory, task: 5}}
	there, err = host{e, a}.loadFromElsewhere(work, op.CacheRequest{
		Block: ids.RDD(7, 3).OfGeneration(2),
		Load: func(rows any, encoded io.Reader) error {
			data, err := io.ReadAll(encoded)
			if loaded = len(data); int64(loaded) != work.Metrics.BytesRead || int64(e.memory.ledger.Execution()) != int64(loaded) {
				t.Errorf("%d bytes loaded, %d in the metrics, %d in memory", loaded, work.Metrics.BytesRead, e.memory.ledger.Execution())
			}
			return err
		},
	})
	return loaded, e.memory.ledger.Execution(), there, err
}
