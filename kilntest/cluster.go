package kilntest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/kilnproject/kiln"
	"github.com/kilnproject/kiln/internal/testhook"
)

// Cluster is a session over executors inside the test's process. Its methods may be called from any goroutine, also from the functions
// of tasks.
type Cluster struct {
	t       testing.TB
	session *kiln.Session
	hook    *testhook.Cluster

	mu     sync.Mutex
	chance *rand.Rand
	rules  []*rule
}

// Option is a setting of Start.
type Option struct{ apply func(*settings) }

type settings struct {
	executors, slots int
	memory           string
	seed             uint64
	set              map[string]string
}

// Executors is how many executors the cluster has; without it, two.
func Executors(n int) Option { return Option{func(s *settings) { s.executors = n }} }

// Slots is how many tasks each executor runs at once; without it, two.
func Slots(n int) Option { return Option{func(s *settings) { s.slots = n }} }

// Memory is what each executor may use, such as "256m", as kiln.executor.memory says it for a process; without it, "256m". Less
// makes tasks spill.
func Memory(amount string) Option { return Option{func(s *settings) { s.memory = amount }} }

// Seed is the seed of what the cluster chooses by chance; without it, one.
func Seed(seed uint64) Option { return Option{func(s *settings) { s.seed = seed }} }

// Set sets any kiln.* key but kiln.master. With kiln.task.maxFailures left alone a task is tried four times, as on a cluster.
func Set(key, value string) Option { return Option{func(s *settings) { s.set[key] = value }} }

// Start starts a cluster, and ends it with the test. A setting that is wrong ends the test at once.
func Start(t testing.TB, opts ...Option) *Cluster {
	t.Helper()
	set := settings{executors: 2, slots: 2, memory: "256m", seed: 1, set: map[string]string{}}
	for _, o := range opts {
		if o.apply != nil {
			o.apply(&set)
		}
	}
	if set.executors < 1 || set.slots < 1 {
		t.Fatalf("kilntest: a cluster of %d executors with %d slots runs nothing", set.executors, set.slots)
	}
	c := &Cluster{t: t, chance: rand.New(rand.NewPCG(set.seed, 0))}
	c.hook = &testhook.Cluster{Executors: set.executors, Tune: c.tune}
	var err error
	if c.session, err = kiln.Open(testhook.With(t.Context(), c.hook), set.options(t)...); err != nil {
		t.Fatalf("kilntest: %v", err)
	}
	t.Cleanup(func() {
		if err := c.session.Close(); err != nil {
			t.Errorf("kilntest: closing the session: %v", err)
		}
	})
	for c.hook.Registered() < set.executors { // else the first one would get all tasks
		runtime.Gosched()
	}
	return c
}

func (s *settings) options(t testing.TB) []kiln.Option {
	tries := "4"
	if n, ok := s.set["kiln.task.maxFailures"]; ok {
		tries = n
	}
	opts := []kiln.Option{
		kiln.Master(fmt.Sprintf("local[%d,%s]", s.slots, tries)), kiln.AppName(t.Name()),
		kiln.Set("kiln.executor.memory", s.memory),
	}
	if _, ok := s.set["kiln.local.dir"]; !ok {
		opts = append(opts, kiln.Set("kiln.local.dir", t.TempDir()))
	}
	for key, value := range s.set {
		opts = append(opts, kiln.Set(key, value))
	}
	return opts
}

// Session is the session of the cluster. The test must not close it.
func (c *Cluster) Session() *kiln.Session { return c.session }

// Executors lists the executors that are there. They are numbered in the order in which they were started, and one that replaces a
// lost one has a new number.
func (c *Cluster) Executors() []int {
	var all []int
	for _, id := range c.hook.Threads.Executors() {
		all = append(all, int(id))
	}
	return all
}
