package shuffle

import (
	"context"
	"sync"
)

// arrival is a segment that came, or the end of a request.
type arrival struct {
	req  *request
	i    int    // of req.want
	data []byte // nil at the end of the request
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

// flight is the remote half of a Read: what waits to be asked for, and what is under way.
type flight struct {
	*reading
	ctx      context.Context
	inbox    inbox
	wg       sync.WaitGroup
	waiting  []*request
	requests int   // under way
	bytes    int64 // asked for and not handed over yet
}

// all asks for the remote segments, and reads the local ones while they are under way.
func (r *reading) all(ctx context.Context, p plan) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	f := flight{reading: r, ctx: ctx, inbox: inbox{some: make(chan struct{}, 1)}, waiting: append(p.requests, r.moved...)}
	r.moved = nil
	defer f.wg.Wait()
	defer cancel()
	var came []arrival
	for local := p.local; ; {
		f.launch()
		came = f.inbox.take(came)
		switch {
		case len(came) > 0:
			err = f.handle(came)
		case len(local) > 0:
			err = r.localOutput(int(local[0]))
			local = local[1:]
			f.waiting, r.moved = append(f.waiting, r.moved...), nil
		case f.requests > 0:
			select {
			case <-f.inbox.some:
			case <-ctx.Done():
			}
		default:
			return nil
		}
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// launch starts the requests that the limits allow.
func (f *flight) launch() {
	for len(f.waiting) > 0 && f.requests < f.cfg.MaxRequests {
		req := f.waiting[0]
		if f.bytes > 0 && f.bytes+req.bytes > f.cfg.MaxBytesInFlight {
			return
		}
		f.waiting = f.waiting[1:]
		f.requests++
		f.bytes += req.bytes
		f.wg.Go(func() {
			a := asking{request: req, cfg: f.cfg, fetch: f.fetch, answer: func(i int, data []byte) {
				f.inbox.put(arrival{req: req, i: i, data: data})
			}}
			lost, err := a.run(f.ctx)
			f.inbox.put(arrival{req: req, err: err, lost: lost, here: a.here})
		})
	}
}

// handle pushes what came, and asks for more as soon as there is room.
func (f *flight) handle(came []arrival) error {
	for i := range came {
		a := &came[i]
		if a.data == nil {
			f.requests--
			if a.err != nil {
				if err := f.askElsewhere(a); err != nil {
					return err
				}
				f.launch()
			}
			continue
		}
		if f.ctx.Err() != nil {
			return context.Cause(f.ctx)
		}
		id := a.req.want[a.i]
		f.count(int64(len(a.data)))
		f.stats.RemoteBytes += int64(len(a.data))
		if err := f.reading.give(int(id.B), int(id.C), a.req.Location, a.data); err != nil {
			return err
		}
		a.data = nil
		f.bytes -= a.req.sizes[a.i]
		f.launch()
	}
	return nil
}
