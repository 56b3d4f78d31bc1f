package shuffle

import (
	"context"
	"fmt"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Fetcher brings segments from other executors.
type Fetcher interface {
	// Fetch asks the block server at addr for blocks, and calls got for each that came, or that the server says it can not
	// give, in any order, one call at a time and none after it has returned. Data belongs to got from then on; it is never
	// changed or used again. An error means that the connection failed and blocks are missing. When ctx ends, Fetch returns soon.
	Fetch(ctx context.Context, addr string, want []ids.BlockID, got func(i int, data []byte, err error)) error
}

// ReadConfig limits what a Reader has under way. A zero field takes the default that stands beside it.
type ReadConfig struct {
	MaxBytesInFlight int64         // asked for, or here and not handed over yet; 48 MiB. One request is always allowed, also beside what waits for it
	MaxSegment       int64         // of one segment in memory; a larger one of another executor waits in a file; MaxBytesInFlight
	MaxRequests      int           // at once; 32
	Retries          int           // new tries after a connection failed; 3, and none when negative
	RetryWait        time.Duration // before each of them; 5 s
}

// Reader reads map outputs for the reduce tasks of one executor. It is safe for concurrent use.
type Reader struct {
	cfg   ReadConfig
	self  ids.ExecutorID
	local *Store
	fetch Fetcher
}

// NewReader gives the reader of executor self, whose own map outputs are in local. Fetch may be nil where all outputs are local.
func NewReader(cfg ReadConfig, self ids.ExecutorID, local *Store, fetch Fetcher) *Reader {
	if cfg.MaxBytesInFlight <= 0 {
		cfg.MaxBytesInFlight = 48 << 20
	}
	if cfg.MaxSegment <= 0 {
		cfg.MaxSegment = cfg.MaxBytesInFlight
	}
	if cfg.MaxRequests <= 0 {
		cfg.MaxRequests = 32
	}
	cfg.Retries = max(0, orDefault(cfg.Retries, 3))
	if cfg.RetryWait <= 0 {
		cfg.RetryWait = 5 * time.Second
	}
	return &Reader{cfg: cfg, self: self, local: local, fetch: fetch}
}

// Range is what one reduce task reads of one shuffle: the reduce partitions from From up to and without To, of every map output.
type Range struct {
	Input    *task.Input
	From, To int
	Seed     uint64 // with which address to begin; different tasks should begin with different ones
}

// Stats counts what one Read brought.
type Stats struct {
	Bytes       int64 // of segments, local and remote
	RemoteBytes int64
	Segments    int64
}

// Read hands every encoded block of the range to push: in the order of map partitions, then of reduce partitions, then as they were
// written, wherever the outputs are and whatever comes first. So a reduce task that runs again sees the same blocks in the same
// order. Push is called by the calling goroutine only; block is read-only and valid for as long as it is referenced.
//
// The error is push's own, or the cause of ctx, or a *FetchError for a map output that is missing or damaged. Where an output has
// several places, the error names the last one of those that were tried; a place is left at once for another one, and only the
// last is asked with all patience. Nothing is pushed of a segment before all of it was verified. When Read returns, nothing is
// under way any more.
func (r *Reader) Read(ctx context.Context, what Range, push func(mapPartition int, block []byte) error) (Stats, error) {
	p, err := r.plan(what)
	if err != nil {
		return Stats{}, err
	}
	read := reading{Reader: r, what: what, push: push, steps: p.steps, remotes: p.remotes}
	if err = read.locals(ctx); err != nil || len(read.steps) == 0 {
		return read.stats, err
	}
	err = read.others(ctx, p.requests)
	return read.stats, err
}

// step is one segment of a range.
type step struct {
	mapPartition, reduce int32
	remote               int32 // its number among those of other executors, or local
}

const local = -1

// reading is one Read.
type reading struct {
	*Reader
	what    Range
	push    func(mapPartition int, block []byte) error
	stats   Stats
	steps   []step   // not handed over yet, in their order
	remotes int      // how many steps have a number
	moved   *request // for a local segment that must be read elsewhere
}

// locals hands over segments up to the first one that is elsewhere.
func (r *reading) locals(ctx context.Context) error {
	for r.here() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.localStep(); err != nil {
			return err
		}
	}
	return nil
}

// here says that the next segment is on this executor.
func (r *reading) here() bool { return len(r.steps) > 0 && r.steps[0].remote == local }

// localStep hands over the next segment, which is here, or moves the step to another place when it can not be read.
func (r *reading) localStep() error {
	s := r.steps[0]
	if err := r.localSegment(int(s.mapPartition), int(s.reduce)); err != nil {
		return err
	}
	if r.moved == nil {
		r.steps = r.steps[1:]
	}
	return nil
}

func (r *reading) localSegment(mapPartition, reduce int) error {
	seg, err := r.local.OpenSegment(r.what.Input.Shuffle, mapPartition, reduce)
	if err != nil {
		return r.moveLocal(mapPartition, reduce, err)
	}
	defer seg.Close()
	if seg.Size > largeSegment && seg.File != nil {
		return r.streamLocal(mapPartition, reduce, &seg)
	}
	data := seg.Data
	if seg.File != nil {
		data = make([]byte, seg.Size)
		err = seg.onDisk().readAt(data, 0)
	}
	if err == nil {
		err = verify(data)
	}
	if err != nil {
		return r.moveLocal(mapPartition, reduce, err)
	}
	r.count(seg.Size)
	return r.give(mapPartition, reduce, r.place(), data)
}

func (r *reading) count(bytes int64) {
	r.stats.Bytes += bytes
	r.stats.Segments++
}

// place is this executor as the place of an output.
func (r *reading) place() task.Location { return task.Location{Executor: r.self} }

// give pushes the blocks of a verified segment.
func (r *reading) give(mapPartition, reduce int, from task.Location, segment []byte) error {
	for body := segment[:len(segment)-trailerBytes]; len(body) > 0; {
		block, rest, err := nextBlock(body)
		if err != nil {
			return r.failed(mapPartition, reduce, from, err)
		}
		if err := r.push(mapPartition, block); err != nil {
			return err
		}
		body = rest
	}
	return nil
}

// failed blames one place of a map output.
func (r *reading) failed(mapPartition, reduce int, at task.Location, err error) *FetchError {
	return &FetchError{Addr: at.Addr, Err: err, Fetch: task.Fetch{
		Shuffle: r.what.Input.Shuffle, Map: int32(mapPartition), Reduce: int32(reduce), Executor: at.Executor}}
}

// plan is what a Read has to do: the segments in their order, and the requests for those that are elsewhere.
type plan struct {
	steps    []step
	remotes  int
	requests []*request
}

// plan looks where the map outputs are. Segments without a byte are not asked for.
func (r *Reader) plan(what Range) (plan, error) {
	in := what.Input
	if what.From < 0 || what.From > what.To || what.To > in.Reduces {
		return plan{}, fmt.Errorf("reduce partitions %d to %d of shuffle %d, which has %d", what.From, what.To, in.Shuffle, in.Reduces)
	}
	p := plan{steps: make([]step, 0, len(in.Outputs))}
	b := requestBuilder{shuffle: in.Shuffle, most: r.cfg.MaxSegment, target: max(r.cfg.MaxBytesInFlight/5, 1), window: max(r.cfg.MaxBytesInFlight/2, 1), seed: what.Seed}
	for m := range in.Outputs {
		out := &in.Outputs[m]
		if out.Executor == ids.Driver {
			return plan{}, &FetchError{Addr: out.Addr, Err: fmt.Errorf("its place is not known"),
				Fetch: task.Fetch{Shuffle: in.Shuffle, Map: int32(m), Reduce: int32(what.From), Executor: out.Executor}}
		}
		at := stopAt(out, r.self, what.Seed, m, 0)
		for reduce := what.From; reduce < what.To; reduce++ {
			size := out.Sizes.At(reduce)
			if size == 0 {
				continue
			}
			s := step{int32(m), int32(reduce), local}
			if at.Executor != r.self {
				s.remote = int32(p.remotes)
				p.remotes++
				b.add(at, s, size)
			}
			p.steps = append(p.steps, s)
		}
	}
	if p.requests = b.all(); len(p.requests) > 0 && r.fetch == nil {
		return plan{}, fmt.Errorf("shuffle %d has outputs at %s, and this reader can not fetch", in.Shuffle, p.requests[0].Addr)
	}
	return p, nil
}
