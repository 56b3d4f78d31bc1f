package driver

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kilnproject/kiln/cluster"
	"github.com/kilnproject/kiln/internal/core/alloc"
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/profile"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/broadcast"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// ErrClosed is what a job on a closed driver gives.
var ErrClosed = errors.New("the session is closed")

// Config is what a driver must know.
type Config struct {
	App       cluster.App
	Sched     sched.Config
	Identity  wire.Identity // what executors in other processes must run
	Timeout   time.Duration // for fetching a result
	Fetch     transport.Fetcher
	PieceSize int64                   // of broadcasts
	ListFrom  int                     // from how many bytes executors fetch where map outputs lie as a block; 0: it always goes with the stage
	Merge     func(task.Update) error // adds what a task sent to an accumulator

	// Warn is told what whoever waits for the program should know, in words; nil for nobody. It is called on a goroutine of its own, for
	// one text after the other, and never after Close.
	Warn func(text string)
	// Record is where the events of the scheduler are written down; nil for nowhere.
	Record *Recording
	// Executor is what each executor of the default profile has.
	Executor profile.Executor
	// Allocation lets executors come and go with the load; nil leaves their number to Serve.
	Allocation *Allocation
}

// Driver runs jobs on executors.
type Driver struct {
	cfg        Config
	manager    cluster.Manager
	began      time.Time
	in         chan any // reports for the loop; see loop.go
	quit       chan struct{}
	done       chan struct{} // the loop has ended
	closing    sync.Once
	links      sync.WaitGroup
	nextJob    atomic.Int32
	nextCast   atomic.Int32
	broadcasts *broadcast.Store
	listings   listings
	directory  broadcast.Directory // which executors give the driver's blocks to others
	outbox     outbox
	orders     outbox // to grants, which may take its time
	notes      outbox // to people, as Config.Warn has it
	gone       losses

	// What follows belongs to the loop.
	core    *sched.Core
	record  *recorder  // nil when nothing is recorded
	turned  sched.Time // when the loop last turned
	remotes map[ids.ExecutorID]*remote
	touched []*remote // those with something to send
	jobs    map[ids.JobID]*handle
	stages  map[ids.StageRef]shipped // as they went to executors
	actions []sched.Action
	taskEnd sched.TaskEnded    // the one that the core is told now
	grants  cluster.Manager    // nil until Serve
	want    []cluster.Wanted   // executors, as grants was told
	shapes  []profile.Executor // by profile
	alloc   alloc.Allocator
	warned  warnings
}

// Start begins to serve jobs. Executors come with Serve.
func Start(cfg Config) *Driver {
	d := &Driver{
		cfg: cfg, began: time.Now(), in: make(chan any, 256), quit: make(chan struct{}), done: make(chan struct{}),
		broadcasts: broadcast.NewStore(cfg.PieceSize, transport.Sums),
		core:       sched.New(cfg.Sched), remotes: map[ids.ExecutorID]*remote{}, jobs: map[ids.JobID]*handle{},
		stages: map[ids.StageRef]shipped{}, record: newRecorder(&cfg), shapes: []profile.Executor{cfg.Executor},
	}
	d.outbox.merge = cfg.Merge
	if cfg.Allocation != nil {
		d.alloc = alloc.New(cfg.Allocation.Rules)
	}
	go d.loop()
	return d
}

// Serve starts the manager and asks it for executors of the default profile. It is apart from Start, since executors attach to the driver.
func (d *Driver) Serve(ctx context.Context, m cluster.Manager, executors int) error {
	d.manager = m
	if err := m.Start(ctx, d.cfg.App, managed{d}); err != nil {
		return err
	}
	first := []cluster.Wanted{wanted(0, d.cfg.Executor, executors)}
	m.Want(first)
	d.report(serving{m, first})
	return nil
}

// Close cancels all jobs, stops the executors and waits until nothing of the driver is left.
func (d *Driver) Close() error {
	var err error
	d.closing.Do(func() {
		close(d.quit)
		<-d.done
		if d.manager != nil {
			err = d.manager.Close()
		}
		d.links.Wait()
		d.outbox.wait()
		err = errors.Join(err, d.record.close())
		d.orders.wait()
		d.notes.wait()
	})
	return err
}

// report hands something to the loop. It reports false when the driver is closed.
func (d *Driver) report(x any) bool {
	select {
	case d.in <- x:
		return true
	case <-d.quit:
		return false
	}
}

func (d *Driver) now() sched.Time { return time.Since(d.began) }

// CancelGroup cancels the jobs of a group.
func (d *Driver) CancelGroup(id, reason string) {
	d.report(sched.GroupCancelled{Group: id, Reason: reason})
}

// CancelTag cancels the jobs with a tag.
func (d *Driver) CancelTag(tag, reason string) {
	d.report(sched.TagCancelled{Tag: tag, Reason: reason})
}

// CancelStage cancels the jobs that need a stage.
func (d *Driver) CancelStage(id ids.StageID, reason string) {
	d.report(sched.StageCancelled{Stage: id, Reason: reason})
}

// CancelAll cancels all jobs.
func (d *Driver) CancelAll(reason string) { d.report(sched.AllCancelled{Reason: reason}) }

// DropShuffle deletes the map outputs of a shuffle that nobody can ask for any more.
func (d *Driver) DropShuffle(id ids.ShuffleID) { d.report(sched.ShuffleReleased{Shuffle: id}) }

// View gives a picture of what is under way, or an empty one when the driver is closed.
func (d *Driver) View() *sched.View {
	answer := make(chan *sched.View, 1)
	if d.report(answer) {
		select {
		case v := <-answer:
			return v
		case <-d.done:
		}
	}
	return &sched.View{}
}
