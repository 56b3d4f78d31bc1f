package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/mem"
	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/core/work"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/data/broadcast"
	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/shuffle"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// Config is what an executor must know to serve.
type Config struct {
	ID          ids.ExecutorID
	Slots       int
	Memory      int64  // managed memory: execution and storage
	Protected   int64  // of it, what execution leaves to cached blocks
	Dir         string // its own directory for files; removed when it closes
	Fetch       transport.Fetcher
	Reading     shuffle.ReadConfig
	CheckRows   bool
	Compression codec.Compression // of map outputs, spills and caches
	Digests     bool              // map outputs have digests
	// DirectResult is the largest result that goes in a status message; a larger one waits as a block for the driver to fetch it.
	DirectResult int64
	Heartbeat    time.Duration
	Patience     time.Duration // how long a cancelled task may go on before the executor ends; 0: for ever
	// DriverBlocks is where the driver serves pieces of broadcasts, and lists of map outputs.
	DriverBlocks string
	// Fault, when set, is asked before a task runs and may fail or delay it: the switches of the test kit.
	Fault func(ctx context.Context, s *task.Stage, t ids.TaskRef) error
}

// Executor runs tasks for one driver. New makes it, Run serves until the link ends, Close removes what it kept.
type Executor struct {
	cfg     Config
	core    *work.Core
	began   time.Time
	memory  *pool
	blocks  *block.Store
	shuffle *shuffle.Store
	reader  *shuffle.Reader
	// encoding has an entry for each cached partition that is encoded for another executor.
	encoding chan struct{}
	// arriving has an entry for each cached partition that comes from another executor and for which there is no memory.
	arriving chan struct{}
	values   *broadcast.Cache
	exchange *broadcast.Exchange // what the driver has for all executors, which give it to each other

	ctx    context.Context // ends when Run returns: every task's context is below it
	cancel context.CancelCauseFunc

	// What follows belongs to the goroutine of Run.
	stages  map[ids.StageRef]*stage
	running map[ids.TaskRef]*attempt
	starts  chan *attempt
	ended   chan *attempt
	asks    chan asked
	copies  []copying // under way
	copied  chan task.Copied
	leaving chan string
	changes changes
	up      *wire.Up
	fault   error // why the executor ends, when that is its own fault
	held    bool  // up waits for more ends, until a timer says otherwise
}

// stage is what the executor holds of one stage attempt.
type stage struct {
	*task.Stage
	body   *plan.Body
	err    error  // the body could not be decoded: every task of it fails
	listed listed // what its tasks read, when the driver has it as a block
}

// New makes an executor with its stores. It opens no file before it needs one.
func New(cfg Config) (*Executor, error) {
	e := &Executor{
		cfg: cfg, core: work.New(work.Config{Slots: cfg.Slots, Patience: cfg.Patience}), began: time.Now(),
		stages: map[ids.StageRef]*stage{}, running: map[ids.TaskRef]*attempt{},
		starts: make(chan *attempt, cfg.Slots), ended: make(chan *attempt, cfg.Slots), asks: make(chan asked, cfg.Slots),
		copied: make(chan task.Copied), leaving: make(chan string),
		encoding: make(chan struct{}, mostEncoded), arriving: make(chan struct{}, mostArriving),
	}
	e.ctx, e.cancel = context.WithCancelCause(context.Background())
	e.memory = newPool(mem.Bytes(cfg.Memory), mem.Bytes(cfg.Protected))
	e.exchange = broadcast.NewExchange(broadcast.ExchangeConfig{
		Self: cfg.ID, Driver: cfg.DriverBlocks, Fetch: cfg.Fetch, Sums: transport.Sums, Memory: spare{e.memory},
		Patience: broadcast.Patience, Wait: broadcast.Wait,
	})
	e.memory.spare = e.exchange.Evict
	var err error
	if e.blocks, err = block.Open(block.Config{Dir: filepath.Join(cfg.Dir, "blocks"), Memory: e.memory, Changed: e.changes.add}); err != nil {
		return nil, err
	}
	e.memory.evict = e.blocks.Evict
	if e.shuffle, err = shuffle.Open(shuffle.Config{Dir: filepath.Join(cfg.Dir, "shuffle"), MemoryTotal: min(64<<20, max(1<<20, cfg.Memory/8))}); err != nil {
		return nil, err
	}
	e.reader = shuffle.NewReader(cfg.Reading, cfg.ID, e.shuffle, cfg.Fetch)
	e.values = &broadcast.Cache{}
	return e, nil
}

// Close drops every block and removes the executor's directory. Tasks that still run lose their files.
func (e *Executor) Close() error {
	e.cancel(errors.New("the executor is closed"))
	return errors.Join(e.blocks.Close(), e.shuffle.Close(), os.RemoveAll(e.cfg.Dir))
}

// Blocks is what the executor's block server offers.
func (e *Executor) Blocks() transport.Provider { return provider{e} }

// LoseShuffles deletes every map output, and gives their number. It and the next two are fault switches of the test kit.
func (e *Executor) LoseShuffles() int { return e.shuffle.LoseAll() }

// CorruptShuffles damages up to most map outputs, and gives their number.
func (e *Executor) CorruptShuffles(most int) (int, error) { return e.shuffle.CorruptSome(most) }

// CorruptBlocks damages every cached block on disk, and gives their number.
func (e *Executor) CorruptBlocks() (int, error) { return e.blocks.CorruptAll() }

func (e *Executor) now() work.Time { return time.Since(e.began) }

func (s *stage) decode() {
	s.body, s.err = plan.DecodeBody(s.Body)
	if s.err != nil {
		s.err = fmt.Errorf("%v: %w", s.Ref, s.err)
	}
}
