package driver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/driver"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
	"github.com/kilnproject/kiln/internal/replay"
)

// rig is a driver with executors that a test plays.
type rig struct {
	t       *testing.T
	d       *driver.Driver
	manager *manager
}

// manager is a cluster manager that gives nothing by itself.
type manager struct {
	handler cluster.Handler
	closed  bool

	mu       sync.Mutex // the driver orders from other goroutines
	want     []cluster.Wanted
	released []int32
}

func (m *manager) Start(_ context.Context, _ cluster.App, h cluster.Handler) error {
	m.handler = h
	return nil
}
func (m *manager) Want(executors []cluster.Wanted) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.want = executors
}
func (m *manager) Release(ids []int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.released = append(m.released, ids...)
}
func (m *manager) Close() error {
	m.closed = true
	return nil
}

var (
	secret = []byte("the application's own")
	image  = wire.Identity{Image: "sha256:ab", BuildID: "b", GOOS: "linux", GOARCH: "amd64"}
)

// drive plays f in a bubble of virtual time.
func drive(t *testing.T, tune func(*driver.Config), f func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		cfg := driver.Config{
			App: cluster.App{ID: "app", Secret: secret}, Identity: image, Timeout: time.Minute, PieceSize: 1 << 20,
			Merge: func(task.Update) error { return nil }, Sched: sched.Config{Silence: time.Minute, ReasonWait: time.Second},
		}
		if tune != nil {
			tune(&cfg)
		}
		r := &rig{t: t, d: driver.Start(cfg), manager: &manager{}}
		if err := r.d.Serve(r.t.Context(), r.manager, 2); err != nil {
			t.Fatal(err)
		}
		f(r)
		if err := r.d.Close(); err != nil {
			t.Error(err)
		}
		if !r.manager.closed {
			t.Error("the manager was not closed")
		}
	})
}

// player is an executor that a test plays. It keeps what it was told until the test asks for it.
type player struct {
	t    *testing.T
	id   ids.ExecutorID
	link transport.ExecutorEnd

	welcomes []*wire.Welcome
	stages   []*task.Stage
	launches []task.Launch
	kills    []task.Kill
	drops    []wire.Drop
}

// connect attaches an executor that says hello.
func (r *rig) connect(id ids.ExecutorID, change func(*wire.Hello)) *player {
	theirs, ours := transport.Pipe()
	r.d.Attach(theirs)
	h := &wire.Hello{Executor: id, Identity: image, Secret: secret, Host: "h", Slots: 1, PID: 100 + int(id), BlockAddr: fmt.Sprintf("blocks-%d", id)}
	if change != nil {
		change(h)
	}
	p := &player{t: r.t, id: id, link: ours}
	p.send(&wire.Up{Hello: h})
	return p
}

// executor attaches one that is taken in.
func (r *rig) executor(id ids.ExecutorID) *player {
	r.t.Helper()
	p := r.connect(id, nil)
	if w := p.welcome(); w.Refused != "" || w.Executor != id || w.AppID != "app" {
		r.t.Fatalf("welcome %+v", w)
	}
	return p
}

func (p *player) send(u *wire.Up) {
	p.t.Helper()
	if err := p.link.Send(u); err != nil {
		p.t.Fatal(err)
	}
}

// hear takes the next message.
func (p *player) hear() {
	p.t.Helper()
	d, err := p.link.Recv()
	if err != nil {
		p.t.Fatalf("executor %v: %v", p.id, err)
	}
	if d.Welcome != nil {
		p.welcomes = append(p.welcomes, d.Welcome)
	}
	p.stages, p.launches = append(p.stages, d.Stages...), append(p.launches, d.Launches...)
	p.kills, p.drops = append(p.kills, d.Kills...), append(p.drops, d.Drop...)
}

// next gives the first of a list of p, and waits until there is one.
func next[T any](p *player, list *[]T) T {
	p.t.Helper()
	for len(*list) == 0 {
		p.hear()
	}
	first := (*list)[0]
	*list = (*list)[1:]
	return first
}

func (p *player) welcome() *wire.Welcome { return next(p, &p.welcomes) }
func (p *player) launch() task.Launch    { return next(p, &p.launches) }
func (p *player) kill() task.Kill        { return next(p, &p.kills) }
func (p *player) drop() wire.Drop        { return next(p, &p.drops) }

func ended(l task.Launch, value string) task.End {
	return task.End{Ref: l.Ref, ID: l.ID, Reason: task.EndReason{Fate: task.Success}, Result: []byte(value), ResultSize: int64(len(value))}
}

// outcome is what Run gave.
type outcome struct {
	values map[int32]string
	err    error
}

// run starts a job of so many tasks.
func (r *rig) run(ctx context.Context, tasks int) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		o := outcome{values: map[int32]string{}}
		job := sched.Job{Stages: []sched.StageSpec{{Name: "count", Site: "main.go:1", Partitions: tasks, Body: []byte{1}}}}
		o.err = r.d.Run(ctx, job, func(p int32, v []byte) { o.values[p] = string(v) })
		done <- o
	}()
	return done
}

func TestAJobGoesToAnExecutorAndItsAnswersComeBack(t *testing.T) {
	drive(t, nil, func(r *rig) {
		r.wants(2)
		p := r.executor(0)
		done := r.run(r.t.Context(), 2)
		first := p.launch()
		if len(p.stages) != 1 || len(p.launches) != 0 {
			t.Errorf("%d stages and %d more launches for one slot", len(p.stages), len(p.launches))
		}
		p.send(&wire.Up{Ends: []task.End{ended(first, "a")}})
		second := p.launch()
		p.send(&wire.Up{Ends: []task.End{ended(second, "b")}})
		if o := <-done; o.err != nil || o.values[0] != "a" || o.values[1] != "b" {
			t.Errorf("got %+v", o)
		}
	})
}

func TestStrangersAreRefusedWithTheReason(t *testing.T) {
	for want, change := range map[string]func(*wire.Hello){
		"not started for this application": func(h *wire.Hello) { h.Secret = []byte("guessed") },
		"runs another program":             func(h *wire.Hello) { h.Identity.Image = "sha256:cd" },
	} {
		drive(t, nil, func(r *rig) {
			p := r.connect(0, change)
			if w := p.welcome(); !strings.Contains(w.Refused, want) {
				t.Errorf("welcome %+v, want a refusal: %s", w, want)
			}
			if n := len(r.d.View().Executors); n != 0 {
				t.Errorf("%d executors were taken in", n)
			}
		})
	}
}

func TestAnIDIsUsedOnce(t *testing.T) {
	drive(t, nil, func(r *rig) {
		r.executor(0)
		second := r.connect(0, nil)
		if _, err := second.link.Recv(); err == nil {
			t.Error("a second executor with the same id was served")
		}
		if n := len(r.d.View().Executors); n != 1 {
			t.Errorf("%d executors", n)
		}
	})
}

func TestASilentExecutorIsLostAndItsTaskRunsElsewhere(t *testing.T) {
	drive(t, nil, func(r *rig) {
		silent := r.executor(0)
		done := r.run(r.t.Context(), 1)
		silent.launch()
		other := r.executor(1)
		stop := beat(other)
		l := other.launch() // after a minute of silence
		if l.Ref.Try != 1 {
			t.Errorf("launched %v", l.Ref)
		}
		other.send(&wire.Up{Ends: []task.End{ended(l, "a")}})
		if o := <-done; o.err != nil {
			t.Error(o.err)
		}
		stop()
	})
}

// beat lets an executor live.
func beat(p *player) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if p.link.Send(&wire.Up{Heartbeat: &wire.Heartbeat{}}) != nil {
					return
				}
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

func TestALinkThatBreaksWithoutAWordLosesItsExecutor(t *testing.T) {
	drive(t, nil, func(r *rig) {
		p := r.executor(0)
		done := r.run(r.t.Context(), 1)
		p.launch()
		if err := p.link.Close(); err != nil {
			t.Fatal(err)
		}
		other := r.executor(1)
		other.send(&wire.Up{Ends: []task.End{ended(other.launch(), "a")}})
		if o := <-done; o.err != nil {
			t.Error(o.err)
		}
		if n := len(r.d.View().Executors); n != 1 {
			t.Errorf("%d executors", n)
		}
	})
}

func TestTheManagerSaysWhyALinkBroke(t *testing.T) {
	drive(t, nil, func(r *rig) {
		p := r.executor(0)
		done := r.run(r.t.Context(), 1)
		for range 4 { // the application's fault, so it counts
			p.launch()
			r.manager.handler.Gone(int32(p.id), cluster.Loss{Text: "it burned", ByApp: true})
			if err := p.link.Close(); err != nil {
				t.Fatal(err)
			}
			p = r.executor(p.id + 1)
		}
		var f *driver.Failure
		if o := <-done; !errors.As(o.err, &f) || !strings.Contains(o.err.Error(), "it burned") {
			t.Errorf("got %v", o.err)
		}
	})
}

func TestNoExecutorsAndNoneToComeFailsTheJob(t *testing.T) {
	drive(t, nil, func(r *rig) {
		done := r.run(r.t.Context(), 1)
		r.manager.handler.Broken(errors.New("the machine room is on fire"))
		if o := <-done; o.err == nil || !strings.Contains(o.err.Error(), "on fire") {
			t.Errorf("got %v", o.err)
		}
	})
}

func TestACancelledJobKillsItsTasksAndEndsAtOnce(t *testing.T) {
	drive(t, nil, func(r *rig) {
		p := r.executor(0)
		ctx, cancel := context.WithCancelCause(r.t.Context())
		done := r.run(ctx, 1)
		l := p.launch()
		cancel(errors.New("lost interest"))
		k := p.kill()
		if k.Ref != l.Ref || k.Recall {
			t.Errorf("kill %+v", k)
		}
		if o := <-done; o.err == nil || !strings.Contains(o.err.Error(), "lost interest") {
			t.Errorf("got %v", o.err)
		}
	})
}

func TestClosingEndsJobsWithErrClosed(t *testing.T) {
	drive(t, nil, func(r *rig) {
		p := r.executor(0)
		done := r.run(r.t.Context(), 1)
		p.launch()
		if err := r.d.Close(); err != nil {
			t.Error(err)
		}
		if o := <-done; !errors.Is(o.err, driver.ErrClosed) {
			t.Errorf("got %v", o.err)
		}
		if o := <-r.run(r.t.Context(), 1); !errors.Is(o.err, driver.ErrClosed) {
			t.Errorf("afterwards: %v", o.err)
		}
	})
}

func TestALargeResultIsFetchedAndIfItIsGoneTheTaskRunsAgain(t *testing.T) {
	there := false
	fetch := fetcher(func(addr string, id ids.BlockID) ([]byte, error) {
		if addr != "blocks-0" || id.Kind != ids.ResultBlock || !there {
			return nil, fmt.Errorf("%v at %s: %w", id, addr, transport.ErrNotFound)
		}
		return []byte("large"), nil
	})
	drive(t, func(c *driver.Config) { c.Fetch = fetch }, func(r *rig) {
		p := r.executor(0)
		done := r.run(r.t.Context(), 1)
		stored := ended(p.launch(), "")
		stored.Stored, stored.ResultSize = true, 5
		p.send(&wire.Up{Ends: []task.End{stored}})
		l := p.launch()
		if l.Ref.Try != 1 {
			t.Errorf("launched %v", l.Ref)
		}
		there = true
		stored = ended(l, "")
		stored.Stored, stored.ResultSize = true, 5
		p.send(&wire.Up{Ends: []task.End{stored}})
		if o := <-done; o.err != nil || o.values[0] != "large" {
			t.Errorf("got %+v", o)
		}
		drop := p.drop()
		if drop.Kind != ids.ResultBlock {
			t.Errorf("dropped %+v", drop)
		}
	})
}

// sink is a record in memory.
type sink struct {
	bytes.Buffer
	closed bool
}

func (s *sink) Close() error {
	s.closed = true
	return nil
}

func TestARecordedRunIsPlayedAgain(t *testing.T) {
	var s sink
	drive(t, func(c *driver.Config) { c.Record = &driver.Recording{Out: &s} }, func(r *rig) {
		p := r.executor(0)
		done := r.run(r.t.Context(), 3)
		for range 3 {
			p.send(&wire.Up{Ends: []task.End{ended(p.launch(), "a")}})
		}
		if o := <-done; o.err != nil {
			t.Error(o.err)
		}
	})
	if !s.closed {
		t.Error("the record was not closed")
	}
	log, err := replay.Open(s.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	o, err := log.Play(nil)
	if err != nil || o.Different != 0 || o.Ending != replay.Complete || o.Steps < 5 {
		t.Errorf("played %+v, %v", o, err)
	}
}

// fetcher is a function that gets blocks.
type fetcher func(addr string, id ids.BlockID) ([]byte, error)

func (f fetcher) FetchInto(
	ctx context.Context, addr string, want []ids.BlockID, _ func(int, int64) []byte, got func(int, []byte, error),
) error {
	return f.Fetch(ctx, addr, want, got)
}

func (f fetcher) Fetch(_ context.Context, addr string, want []ids.BlockID, got func(int, []byte, error)) error {
	for i, id := range want {
		data, err := f(addr, id)
		got(i, data, err)
	}
	return nil
}

func TestUpdatesAreMergedBeforeTheJobEnds(t *testing.T) {
	merged := 0
	merge := func(u task.Update) error {
		if u.Accumulator == 1 {
			panic("a bad merge function")
		}
		time.Sleep(time.Second) // of virtual time: the job's end must wait for it
		merged++
		return nil
	}
	drive(t, func(c *driver.Config) { c.Merge = merge }, func(r *rig) {
		p := r.executor(0)
		done := r.run(r.t.Context(), 1)
		end := ended(p.launch(), "a")
		end.Updates = []task.Update{{Accumulator: 1}, {Accumulator: 2}}
		p.send(&wire.Up{Ends: []task.End{end}})
		if o := <-done; o.err != nil || merged != 1 {
			t.Errorf("%v, %d merged", o.err, merged)
		}
	})
}

func TestTasksGoWhereTheirCachedPartitionIs(t *testing.T) {
	drive(t, nil, func(r *rig) {
		a, b := r.executor(0), r.executor(1)
		b.send(&wire.Up{Blocks: []wire.BlockChange{{ID: ids.RDD(7, 0), Size: 1, InMemory: true}}})
		synctest.Wait() // until the driver has taken that
		done := make(chan error, 1)
		go func() {
			job := sched.Job{Stages: []sched.StageSpec{{Name: "count", Partitions: 1, Body: []byte{1}, Kept: []sched.Kept{{RDD: 7}}}}}
			done <- r.d.Run(r.t.Context(), job, func(int32, []byte) {})
		}()
		b.send(&wire.Up{Ends: []task.End{ended(b.launch(), "a")}})
		if err := <-done; err != nil {
			t.Error(err)
		}
		r.d.DropRDD(7)
		for _, p := range []*player{a, b} {
			if x := p.drop(); x.Kind != ids.RDDBlock || x.ID != 7 {
				t.Errorf("executor %v is told to drop %+v", p.id, x)
			}
		}
	})
}
