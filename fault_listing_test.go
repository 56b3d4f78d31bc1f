package kiln_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/cluster/local"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/executor"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/testhook"
)

// listings stands before the driver's block server: it counts the lists of map outputs that executors fetch, and spoils some.
type listings struct {
	spoil func() error         // what goes wrong with the next one; nil for nothing
	first func(*local.Threads) // done once, by a task of the last stage before it reads; may be nil

	mu   sync.Mutex
	good map[fetchedBy]int // how often executors got one
	bad  int
}

type fetchedBy struct {
	executor ids.ExecutorID
	id       ids.BlockID
}

var errCut = errors.New("the connection was cut")

// spoiling is the fetcher of one executor.
type spoiling struct {
	transport.Fetcher
	by  ids.ExecutorID
	all *listings
}

func (s spoiling) FetchInto(ctx context.Context, addr string, want []ids.BlockID, room func(int, int64) []byte, got func(int, []byte, error)) error {
	if want[0].Kind != ids.InputsBlock {
		return s.Fetcher.FetchInto(ctx, addr, want, room, got)
	}
	s.all.mu.Lock()
	wrong := s.all.spoil()
	if wrong == nil {
		s.all.good[fetchedBy{s.by, want[0]}]++
	} else {
		s.all.bad++
	}
	s.all.mu.Unlock()
	switch {
	case errors.Is(wrong, errCut):
		return wrong
	case wrong != nil:
		got(0, nil, wrong)
		return nil
	}
	return s.Fetcher.FetchInto(ctx, addr, want, room, got)
}

// open gives a session over three executors inside this process that fetch every list of map outputs.
func (l *listings) open(t *testing.T, more ...kiln.Option) *kiln.Session {
	t.Helper()
	l.good = map[fetchedBy]int{}
	hook := &testhook.Cluster{Executors: 3}
	var once sync.Once
	hook.Tune = func(c *executor.Config) {
		c.Fetch = spoiling{c.Fetch, c.ID, l}
		c.Fault = func(_ context.Context, s *task.Stage, _ ids.TaskRef) error {
			if l.first != nil && s.Reads() && !s.IsMap {
				once.Do(func() { l.first(hook.Threads) })
			}
			return nil
		}
	}
	opts := append([]kiln.Option{
		kiln.Master("local[2,4]"), kiln.Set("kiln.executor.memory", "128m"), kiln.Set("kiln.local.dir", t.TempDir()),
		kiln.Set("kiln.shuffle.mapOutput.minSizeForBroadcast", "1b"), kiln.Set("kiln.shuffle.fetch.retryWait", "1ms"),
	}, more...)
	s, err := kiln.Open(testhook.With(t.Context(), hook), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func byLastDigit(i int64) kiln.KV[int64, int64] { return kiln.Pair(i%10, i) }

func bySum(kv kiln.KV[int64, int64]) kiln.KV[int64, int64] { return kiln.Pair(kv.Value%3, kv.Key) }

func sum(a, b int64) int64 { return a + b }

// twoShuffles is a pipeline of three stages, of which two read map outputs.
func twoShuffles(s *kiln.Session) kiln.RDD[kiln.KV[int64, int64]] {
	sums := kiln.ReduceByKey(kiln.Map(kiln.Range(s, 0, 1000, 1, 8), byLastDigit), sum, kiln.Partitions(6))
	return kiln.ReduceByKey(kiln.Map(sums, bySum), sum, kiln.Partitions(6))
}

// wantSums fails the test when the pipeline did not give what it must: the sums are 49,500 and 100 more for each digit.
func wantSums(t *testing.T, got []kiln.KV[int64, int64], err error) {
	t.Helper()
	want := map[int64]int64{}
	for digit := range int64(10) {
		want[(49_500+100*digit)%3] += digit
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v; want %v", got, err, want)
	}
	for _, kv := range got {
		if want[kv.Key] != kv.Value {
			t.Errorf("%v, want %v", kv, want)
		}
	}
}

func TestEachExecutorFetchesAListOfMapOutputsOnce(t *testing.T) {
	l := listings{spoil: func() error { return nil }}
	s := l.open(t)
	got, err := twoShuffles(s).Collect(t.Context())
	wantSums(t, got, err)
	stages := map[ids.BlockID]bool{}
	l.mu.Lock()
	defer l.mu.Unlock()
	for by, n := range l.good {
		if stages[by.id] = true; n != 1 {
			t.Errorf("executor %v fetched %v %d times", by.executor, by.id, n)
		}
	}
	if len(stages) != 2 {
		t.Errorf("executors fetched what %d stages read, want 2", len(stages))
	}
}

func TestListsOfMapOutputsThatDoNotComeAreAskedForAgain(t *testing.T) {
	for seed := range uint64(6) {
		chance := rand.New(rand.NewPCG(seed, 1))
		l := listings{spoil: func() error {
			return []error{errCut, fmt.Errorf("a frame: %w", transport.ErrCorruptFrame), nil, nil}[chance.IntN(4)]
		}}
		if seed%2 == 1 {
			l.first = func(threads *local.Threads) { threads.Kill(int32(seed % 3)) }
		}
		s := l.open(t)
		for range 5 { // 30 lists come, each with the chance of one half
			got, err := twoShuffles(s).Collect(t.Context())
			wantSums(t, got, err)
		}
		l.mu.Lock()
		if l.bad == 0 {
			t.Errorf("seed %d: nothing went wrong", seed)
		}
		l.mu.Unlock()
	}
}

func TestAListOfMapOutputsThatNeverComesFailsTheJobWithOneError(t *testing.T) {
	l := listings{spoil: func() error { return errCut }}
	s := l.open(t, kiln.Set("kiln.shuffle.fetch.retries", "1"))
	_, err := twoShuffles(s).Collect(t.Context())
	if err == nil {
		t.Fatal("nothing could be read, and there is no error")
	}
	wantWords(t, err, "where the map outputs are that stage 1", "could not be fetched from the driver", errCut.Error())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bad < 8 || l.bad > 2*3*6*4 {
		t.Errorf("executors asked %d times", l.bad)
	}
}
