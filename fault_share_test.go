package kiln_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/executor"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/testhook"
)

// pieces stands between executors, and between them and the driver: it counts the pieces of broadcasts, or lists of map outputs, that are
// fetched, and spoils some.
type pieces struct {
	*testhook.Cluster
	kind  ids.BlockKind
	spoil func(p *pieces, of ids.ExecutorID, piece []byte) // what happens to the n-th piece that executors give each other; may be nil

	mu     sync.Mutex
	driver int // pieces that the driver gave
	others int // pieces that executors gave
}

// countingPieces is the fetcher of one executor.
type countingPieces struct {
	transport.Fetcher
	all *pieces
}

func (c countingPieces) FetchInto(ctx context.Context, addr string, want []ids.BlockID, room func(int, int64) []byte, got func(int, []byte, error)) error {
	return c.Fetcher.FetchInto(ctx, addr, want, room, func(i int, data []byte, err error) {
		if want[i].Kind == c.all.kind && err == nil && len(data) > 0 {
			c.all.count(addr, data)
		}
		got(i, data, err)
	})
}

func (p *pieces) count(addr string, data []byte) {
	var of ids.ExecutorID
	_, err := fmt.Sscanf(addr, "mem://%d", &of)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.driver++
		return
	}
	if p.others++; p.spoil != nil {
		p.spoil(p, of, data)
	}
}

// open gives a session over so many executors inside this process.
func (p *pieces) open(t *testing.T, executors int) *kiln.Session {
	t.Helper()
	p.Cluster = &testhook.Cluster{Executors: executors, Tune: func(c *executor.Config) { c.Fetch = countingPieces{c.Fetch, p} }}
	s, err := kiln.Open(testhook.With(t.Context(), p.Cluster), kiln.Master("local[1,4]"), kiln.Set("kiln.executor.memory", "128m"),
		kiln.Set("kiln.local.dir", t.TempDir()), kiln.Set("kiln.broadcast.blockSize", "1m"),
		kiln.Set("kiln.shuffle.mapOutput.minSizeForBroadcast", "1b"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for p.Registered() < p.Executors { // else the driver gives all to the first ones
		runtime.Gosched()
	}
	return s
}

func checksum(b kiln.Broadcast[[]byte], _ int64) uint32 { return crc32.ChecksumIEEE(b.Get()) }

// wantShared makes a broadcast of 16 pieces, and fails the test when a task does not see it.
func wantShared(t *testing.T, s *kiln.Session) kiln.Broadcast[[]byte] {
	t.Helper()
	value := make([]byte, 16<<20-1000)
	chance := rand.New(rand.NewPCG(1, 2))
	for i := range value {
		value[i] = byte(chance.Uint32())
	}
	b, err := kiln.NewBroadcast(s, value)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := kiln.MapWith(kiln.Range(s, 0, 24, 1, 24), b, checksum).Collect(t.Context())
	if err != nil || len(sums) != 24 {
		t.Fatalf("%d rows, %v", len(sums), err)
	}
	for _, sum := range sums {
		if sum != crc32.ChecksumIEEE(value) {
			t.Error("a task saw another value")
		}
	}
	return b
}

func TestTheDriverGivesEachPieceOfABroadcastOnce(t *testing.T) {
	p := pieces{kind: ids.BroadcastBlock}
	s := p.open(t, 6)
	for range 2 {
		p.driver, p.others = 0, 0
		b := wantShared(t, s)
		if p.driver > 16 || p.others < 2*16 {
			t.Errorf("of 16 pieces, the driver gave %d and executors %d", p.driver, p.others)
		}
		if err := b.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func scattered(i int64) kiln.KV[int64, int64] { return kiln.Pair(i*2654435761%1000003, i) }

// The list of 500 x 500 sizes is about 100 KB, which the driver gives to ten. Every other one that executors give is harmed on its way.
func TestExecutorsGiveALargeListOfMapOutputsToEachOther(t *testing.T) {
	p := pieces{kind: ids.InputsBlock, spoil: func(p *pieces, _ ids.ExecutorID, list []byte) {
		if p.others%2 == 0 {
			list[len(list)/2] ^= 1
		}
	}}
	s := p.open(t, 16)
	sums := kiln.ReduceByKey(kiln.Map(kiln.Range(s, 0, 500_000, 1, 500), scattered), sum, kiln.Partitions(500))
	if n, err := sums.Count(t.Context()); n != 500_000 || err != nil {
		t.Fatalf("%d rows, %v", n, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.others < 2 || p.driver+p.others < 16 || p.driver >= 16 {
		t.Errorf("the driver gave %d lists, executors %d", p.driver, p.others)
	}
}

func TestTasksGetABroadcastWhileThoseWhoShareItGoOrGiveOtherBytes(t *testing.T) {
	kill := func(p *pieces, of ids.ExecutorID, _ []byte) {
		if p.others%7 == 3 && p.others < 25 {
			go p.Threads.Kill(int32(of))
		}
	}
	harm := func(p *pieces, _ ids.ExecutorID, piece []byte) {
		if p.others%3 == 1 {
			piece[len(piece)/2] ^= 1
		}
	}
	for name, spoil := range map[string]func(*pieces, ids.ExecutorID, []byte){
		"killed": kill, "harmed": harm,
		"both": func(p *pieces, of ids.ExecutorID, piece []byte) { kill(p, of, piece); harm(p, of, piece) },
	} {
		t.Run(name, func(t *testing.T) {
			p := pieces{kind: ids.BroadcastBlock, spoil: spoil}
			s := p.open(t, 6)
			wantShared(t, s)
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.others == 0 {
				t.Error("executors gave nothing to each other: nothing went wrong")
			}
		})
	}
}
