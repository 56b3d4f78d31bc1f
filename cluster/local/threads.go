package local

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/resource"
	"github.com/kilnproject/kiln/internal/executor"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// Threads gives executors inside this process. They encode and decode as processes do; only the link is in memory.
type Threads struct {
	conf   *conf.Conf
	appDir string
	attach func(transport.DriverEnd)
	driver transport.Provider
	tune   func(*executor.Config) // the test kit's switches

	mu      sync.Mutex
	handler cluster.Handler
	machine machine
	want    cluster.Wanted
	next    ids.ExecutorID
	running map[ids.ExecutorID]*thread
	closed  bool
	waits   sync.WaitGroup
}

type thread struct {
	*executor.Executor
	held held
	link transport.ExecutorEnd
	stop context.CancelCauseFunc
}

// ThreadsConfig is what Threads needs: where executors attach, and what the driver serves.
type ThreadsConfig struct {
	Conf   *conf.Conf
	AppDir string
	Attach func(transport.DriverEnd)
	Blocks transport.Provider
	Tune   func(*executor.Config)
	Has    []resource.Offer // the machine, which executors divide
}

// NewThreads makes the manager of local and local[N].
func NewThreads(c ThreadsConfig) *Threads {
	return &Threads{
		conf: c.Conf, appDir: c.AppDir, machine: newMachine(c.Has), attach: c.Attach, driver: c.Blocks, tune: c.Tune,
		running: map[ids.ExecutorID]*thread{},
	}
}

// Start implements cluster.Manager.
func (t *Threads) Start(_ context.Context, _ cluster.App, h cluster.Handler) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handler = h
	return nil
}

// Want implements cluster.Manager. All executors of this process are alike: there is one profile.
func (t *Threads) Want(executors []cluster.Wanted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.want = cluster.Wanted{}
	for _, w := range executors {
		if w.Profile == 0 {
			t.want = w
		}
	}
	t.fill()
}

func (t *Threads) fill() {
	for !t.closed && len(t.running) < t.want.Executors {
		if !t.machine.fits(t.want.Shape) {
			return // until an executor gives back what it has
		}
		h := t.machine.take(t.want.Shape)
		id := t.next
		t.next++
		if err := t.start(id, h); err != nil {
			t.handler.Broken(fmt.Errorf("starting executor %v: %w", id, err))
			return
		}
		t.handler.Granted(int32(id), "localhost")
	}
}

func (t *Threads) start(id ids.ExecutorID, h held) error {
	shape := t.want.Shape
	cfg := executorConfig(t.conf, id, shape.Slots, shape.Memory, t.appDir)
	cfg.Fetch = transport.LocalFetcher(t.lookup)
	cfg.DriverBlocks = addrOf(ids.Driver)
	if t.tune != nil { // by the kit for tests, which can lose one of them alone
		cfg.Digests = conf.Digests.Of(t.conf)
		t.tune(&cfg)
	}
	e, err := executor.New(cfg)
	if err != nil {
		return err
	}
	up, down := transport.Pipe()
	ctx, stop := context.WithCancelCause(context.Background())
	th := &thread{Executor: e, held: h, link: down, stop: stop}
	t.running[id] = th
	t.attach(up)
	hello := &wire.Hello{Executor: id, Host: "localhost", Slots: shape.Slots, Memory: shape.Memory, BlockAddr: addrOf(id), Resources: h.resources}
	if err := down.Send(&wire.Up{Hello: hello}); err != nil {
		return err
	}
	t.waits.Add(1)
	go func() {
		defer t.waits.Done()
		err := e.Run(ctx, down)
		stop(nil)
		t.ended(id, th, err)
	}()
	return nil
}

func (t *Threads) ended(id ids.ExecutorID, th *thread, err error) {
	err = errors.Join(err, th.link.Close(), th.Executor.Close())
	t.mu.Lock()
	defer t.mu.Unlock()
	_, known := t.running[id]
	delete(t.running, id)
	if known {
		t.machine.give(th.held)
	}
	if t.closed || !known {
		return
	}
	text := "it was stopped"
	if err != nil {
		text = err.Error()
	}
	t.handler.Gone(int32(id), cluster.Loss{Text: text})
	t.fill()
}

// addrOf is how executors of one process find each other.
func addrOf(id ids.ExecutorID) string { return "mem://" + id.String() }

func (t *Threads) lookup(addr string) transport.Provider {
	if addr == addrOf(ids.Driver) {
		return t.driver
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, th := range t.running {
		if addrOf(id) == addr {
			return th.Blocks()
		}
	}
	return nil
}

// Executor gives a running executor, for the test kit's switches; nil when it is not there.
func (t *Threads) Executor(id int32) *executor.Executor {
	t.mu.Lock()
	defer t.mu.Unlock()
	if th := t.running[ids.ExecutorID(id)]; th != nil {
		return th.Executor
	}
	return nil
}

// Executors lists the running executors.
func (t *Threads) Executors() []int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []int32
	for id := range t.next {
		if t.running[id] != nil {
			all = append(all, int32(id))
		}
	}
	return all
}

// Kill ends an executor at once, as a crash would: its blocks are gone and its tasks are never heard of again.
func (t *Threads) Kill(id int32) bool {
	t.mu.Lock()
	th := t.running[ids.ExecutorID(id)]
	delete(t.running, ids.ExecutorID(id))
	if th != nil {
		t.machine.give(th.held)
	}
	if th == nil || t.closed {
		t.mu.Unlock()
		return false
	}
	t.handler.Gone(id, cluster.Loss{Text: "it was killed"})
	t.fill()
	t.mu.Unlock()
	th.link.Close()
	th.stop(errors.New("killed"))
	return true
}

// Release implements cluster.Manager.
func (t *Threads) Release(executors []int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range executors {
		if th := t.running[ids.ExecutorID(id)]; th != nil {
			t.want.Executors--
			th.stop(errors.New("released"))
		}
	}
}

// Close implements cluster.Manager. It does not wait for tasks: a function that never returns cannot be stopped inside a process.
func (t *Threads) Close() error {
	t.mu.Lock()
	t.closed = true
	for _, th := range t.running {
		th.stop(errors.New("the session is closed"))
		th.link.Close()
	}
	t.mu.Unlock()
	t.waits.Wait()
	return nil
}
