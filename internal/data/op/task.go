package op

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/codec"
)

// Task is what operators may use of the task attempt that they run in. It belongs to the task's goroutine, but for Context.
type Task struct {
	Context context.Context // ends when the task is killed, with the reason as its cause
	Ref     ids.TaskRef
	ID      ids.TaskID
	Stage   *task.Stage
	Metrics *task.Metrics
	Memory  Memory
	Host    Host
	// Resources is what it has of its executor's; nobody changes it.
	Resources []task.Resource
	// Compression is that of map outputs, spills and caches; the zero value is none.
	Compression codec.Compression
	DebugRows   bool // check that functions leave their rows alone
	Digests     bool // map outputs have digests: see digest

	// Part is the partition of the operator that is being wired, run or read. It changes while inputs run: take it at the start.
	Part int

	stopped atomic.Bool
	rows    atomic.Int64 // what Read gives
	bytes   atomic.Int64
	bound   []Binding
	onDone  []func(error)
}

// Memory is a task's share of its executor's execution memory.
type Memory interface {
	// Grow asks for n more bytes. False means that the caller should spill what it holds; it may then ask again.
	Grow(n int64) bool
	// Shrink gives n bytes back.
	Shrink(n int64)
}

// Host is what the executor offers to operators.
type Host interface {
	// ShuffleWriter begins the map output of the task.
	ShuffleWriter(t *Task) (ShuffleWriter, error)
	// ReadShuffle pushes every encoded block that the map tasks left for the reduce partition; data is valid as long as it is referenced.
	ReadShuffle(t *Task, shuffle ids.ShuffleID, reduce int, push func(data []byte) error) error
	// SpillFile makes a file that is gone, at the latest, when the task ends.
	SpillFile(t *Task) (SpillFile, error)
	// Cached runs compute for a cached partition that is not there, and else gives what is there; see Cached.
	Cached(t *Task, c CacheRequest) error
	// Broadcast gives the one decoded value of a broadcast in this process.
	Broadcast(t *Task, b BroadcastRef, decode func(encoded []byte) (any, error)) (any, error)
	// Ask asks the driver for something and waits for its reply, or for the end of the task's context. One call at a time.
	Ask(t *Task, kind task.CallKind, message []byte) (messages [][]byte, err error)
}

// ShuffleWriter takes encoded blocks for reduce partitions; Commit makes them visible, with the digest of the rows in them, Discard as
// if they never were. Where another attempt was first, Commit gives the sizes and the digest of what that one wrote.
type ShuffleWriter interface {
	Append(reduce int, block []byte) error
	Commit(digest uint64) (sizes []int64, kept uint64, err error)
	Discard()
}

// SpillFile is written once from the front and may then be read several times.
type SpillFile interface {
	io.Writer
	// Reader reads n bytes from offset; every write went before.
	Reader(offset, n int64) io.Reader
	Close() error
}

// BroadcastRef says where the pieces of a broadcast are.
type BroadcastRef struct {
	ID     ids.BroadcastID
	Size   int64
	Pieces int32
	Site   string
}

// CacheRequest asks for one cached partition: what is stored is given to Load, what is not is computed, once per process.
type CacheRequest struct {
	Block ids.BlockID
	Level Level
	// Load pushes the stored rows: a value that Compute made before, or encoded blocks.
	Load func(rows any, encoded io.Reader) error
	// Compute pushes the rows on and gives what is to be kept of them; nothing when it did not fit.
	Compute func(k Keeper) (CacheValue, error)
}

// Keeper is the room that a computed partition may take.
type Keeper interface {
	// Grow asks for n more bytes of storage memory for rows.
	Grow(n int64) bool
	// Writer takes the partition's encoded blocks instead, in memory or on disk as the level says. It is made once.
	Writer() (io.Writer, error)
}

// CacheValue is a computed partition: rows in memory with the way to encode them, or nothing where the rows went to the
// Keeper's writer or did not fit.
type CacheValue struct {
	Rows   any
	Size   int64
	Encode func(w io.Writer) error
}

// Level says where a cached partition may be. The zero Level keeps nothing.
type Level struct{ Memory, Disk, Encoded bool }

// A Binding is a handle that arrived in a task's environment and has something to tell when the task succeeds.
type Binding interface {
	Update() (task.Update, bool, error)
}

// Bind adds a handle to the task. Handles arrive while operators are decoded.
func (t *Task) Bind(b Binding) { t.bound = append(t.bound, b) }

// Updates collects what the task's handles have to tell.
func (t *Task) Updates() ([]task.Update, error) {
	var all []task.Update
	for _, b := range t.bound {
		u, some, err := b.Update()
		if err != nil {
			return nil, err
		}
		if some {
			all = append(all, u)
		}
	}
	return all, nil
}

// Read gives how many rows and bytes the task had read when it last called Err. Any goroutine may ask.
func (t *Task) Read() (rows, bytes int64) { return t.rows.Load(), t.bytes.Load() }

// Stop makes Err give the context's cause from now on: the cheap flag that operators look at once per batch.
func (t *Task) Stop() { t.stopped.Store(true) }

// Err is nil while the task may go on. It also lets others see how far the task is.
func (t *Task) Err() error {
	t.rows.Store(t.Metrics.RowsIn)
	t.bytes.Store(t.Metrics.BytesRead + t.Metrics.ShuffleRead)
	if !t.stopped.Load() {
		return nil
	}
	return context.Cause(t.Context)
}

// OnDone registers f to run when the task has ended, with its error; the last registered runs first.
func (t *Task) OnDone(f func(error)) { t.onDone = append(t.onDone, f) }

// RunDone runs and forgets what OnDone registered, also what those functions register themselves.
func (t *Task) RunDone(err error) {
	for len(t.onDone) > 0 {
		f := t.onDone[len(t.onDone)-1]
		t.onDone = t.onDone[:len(t.onDone)-1]
		f(err)
	}
}
