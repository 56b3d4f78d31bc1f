package shuffle

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// fetched is a segment that came, verified: in memory, or in a file that goes when it was read.
type fetched struct {
	req  *request
	i    int // of req.want
	data []byte
	file *disk.Writer
}

// arrival is a segment that came, or the end of a request.
type arrival struct {
	fetched
	end  bool
	err  error  // at the end: not all of it came
	lost int    // with err: which of req.want can not be had, or -1 for the whole place
	here []bool // with err: which of req.want came
}

// inbox brings arrivals from the goroutines of the requests to the one that reads. It holds no more than was asked for.
type inbox struct {
	mu   sync.Mutex
	list []arrival
	some chan struct{} // has an entry when list is not empty
}

func (in *inbox) put(a arrival) {
	in.mu.Lock()
	in.list = append(in.list, a)
	first := len(in.list) == 1
	in.mu.Unlock()
	if first {
		select {
		case in.some <- struct{}{}:
		default:
		}
	}
}

// take gives what came and takes back a list that was used up.
func (in *inbox) take(used []arrival) []arrival {
	clear(used)
	in.mu.Lock()
	defer in.mu.Unlock()
	came := in.list
	in.list = used[:0]
	return came
}

// flight is a Read of which some segments are elsewhere: what waits to be asked for, what is under way, and what came before its turn.
type flight struct {
	*reading
	ctx      context.Context
	inbox    inbox
	list     []arrival // that were taken from the inbox
	wg       sync.WaitGroup
	waiting  []*request // in the order in which what they bring is needed
	requests int        // under way
	bytes    int64      // asked for and not handed over yet
	came     []fetched  // by the number of their step
}

// others hands over what is left, of this executor and of others.
func (r *reading) others(ctx context.Context, requests []*request) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	f := flight{reading: r, ctx: ctx, inbox: inbox{some: make(chan struct{}, 1)}, waiting: requests, came: make([]fetched, r.remotes)}
	defer f.discard()
	defer f.wg.Wait()
	defer cancel()
	for err == nil && (len(f.steps) > 0 || f.requests > 0) {
		f.launch()
		switch {
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		case f.here():
			err = f.localStep()
		case f.arrived():
			err = f.remoteStep()
		default:
			err = f.wait()
		}
		if err == nil {
			err = f.look()
		}
	}
	return err
}

// launch starts the requests that the limits allow.
func (f *flight) launch() {
	if q := f.moved; q != nil {
		f.waiting, f.moved = slices.Insert(f.waiting, 0, q), nil
		f.came = append(f.came, make([]fetched, f.remotes-len(f.came))...)
	}
	for len(f.waiting) > 0 && f.requests < f.cfg.MaxRequests && (f.bytes == 0 || f.bytes+f.waiting[0].bytes <= f.cfg.MaxBytesInFlight) {
		f.start()
	}
}

// start starts the first request that waits.
func (f *flight) start() {
	req := f.waiting[0]
	f.waiting = f.waiting[1:]
	f.requests++
	f.bytes += req.bytes
	f.wg.Go(func() {
		if req.large {
			f.bringLarge(req)
			return
		}
		a := asking{request: req, cfg: f.cfg, fetch: f.fetch, verify: verify, answer: func(i int, data []byte) {
			f.inbox.put(arrival{fetched: fetched{req: req, i: i, data: data}})
		}}
		lost, err := a.run(f.ctx)
		f.inbox.put(arrival{fetched: fetched{req: req}, end: true, err: err, lost: lost, here: a.here})
	})
}

// wait waits until something comes, and keeps it until its turn. When nothing is under way, what came early fills the limit, and the
// next segment has to be had elsewhere: then a request goes beyond the limit.
func (f *flight) wait() error {
	if f.requests == 0 {
		f.start()
	}
	select {
	case <-f.inbox.some:
		return f.receive()
	case <-f.ctx.Done():
		return context.Cause(f.ctx)
	}
}

// look keeps what came, without waiting, so that more can be asked for as soon as a request ends.
func (f *flight) look() error {
	select {
	case <-f.inbox.some:
		return f.receive()
	default:
		return nil
	}
}

// receive keeps what came until its turn.
func (f *flight) receive() error {
	f.list = f.inbox.take(f.list)
	for i := range f.list {
		a := &f.list[i]
		if !a.end {
			f.came[a.req.numbers[a.i]] = a.fetched
			continue
		}
		f.requests--
		var ours *disk.Error
		if errors.As(a.err, &ours) {
			return a.err // nobody else is to blame
		}
		if a.err != nil {
			if err := f.askElsewhere(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// arrived says that the next segment came.
func (f *flight) arrived() bool { return len(f.steps) > 0 && f.came[f.steps[0].remote].req != nil }

// remoteStep hands over the next segment, which came, and makes room for more.
func (f *flight) remoteStep() error {
	s := f.steps[0]
	c := f.came[s.remote]
	f.came[s.remote] = fetched{}
	f.bytes -= c.req.sizes[c.i]
	f.steps = f.steps[1:]
	if c.file != nil {
		defer c.file.Discard()
		f.stats.RemoteBytes += c.file.Size()
		return f.stream(int(s.mapPartition), int(s.reduce), c.req.Location, onDisk{c.file, 0, c.file.Size()})
	}
	f.count(int64(len(c.data)))
	f.stats.RemoteBytes += int64(len(c.data))
	return f.give(int(s.mapPartition), int(s.reduce), c.req.Location, c.data)
}

// discard removes the files of segments that nobody will read.
func (f *flight) discard() {
	for _, a := range f.inbox.take(nil) {
		if a.file != nil {
			a.file.Discard()
		}
	}
	for _, c := range f.came {
		if c.file != nil {
			c.file.Discard()
		}
	}
}
