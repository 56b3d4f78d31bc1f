package shuffle

import (
	"math"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// stop is one of the places of a map output, in the order in which a reader tries them.
type stop struct {
	task.Location
	hop  int  // how many places come before it
	more bool // another one comes after it
}

// stopAt gives the stop with so many before it. An executor that has the output itself begins there; others begin where seed and map
// partition say, so that every place has its share of the readers.
func stopAt(out *task.MapOutput, self ids.ExecutorID, seed uint64, mapPartition, hop int) stop {
	first := task.Location{Executor: out.Executor, Addr: out.Addr}
	if len(out.Copies) == 0 {
		return stop{Location: first}
	}
	places := uint64(1 + len(out.Copies))
	begin := (seed + uint64(mapPartition)) % places
	if out.Executor == self {
		begin = 0
	}
	for i, c := range out.Copies {
		if c.Executor == self {
			begin = uint64(i + 1)
		}
	}
	at := stop{Location: first, hop: hop, more: hop+1 < int(places)}
	if i := (begin + uint64(hop)) % places; i > 0 {
		at.Location = out.Copies[i-1]
	}
	return at
}

func (r *reading) stopAt(mapPartition, hop int) stop {
	return stopAt(&r.what.Input.Outputs[mapPartition], r.self, r.what.Seed, mapPartition, hop)
}

// moveLocal goes on with the next segment when it is here and can not be read, and nothing was pushed of it: it is asked for at the next
// place, or else its output is to blame.
func (r *reading) moveLocal(mapPartition, reduce int, err error) error {
	if r.fetch == nil || !r.stopAt(mapPartition, 0).more {
		return r.failed(mapPartition, reduce, r.place(), err)
	}
	s := &r.steps[0]
	s.remote = int32(r.remotes)
	r.remotes++
	b := requestBuilder{shuffle: r.what.Input.Shuffle, most: r.cfg.MaxSegment, target: 1, window: math.MaxInt64}
	b.add(r.stopAt(mapPartition, 1), *s, r.what.Input.Outputs[mapPartition].Sizes.At(reduce))
	r.moved = b.all()[0]
	return nil
}

// askElsewhere goes on after a request that failed. What did not come is asked for at the next place; where there is none, a map
// output or a whole executor is to blame, unless the reading itself was stopped. When only one segment can not be had there, the
// others are asked for again.
func (f *flight) askElsewhere(a *arrival) error {
	if f.ctx.Err() != nil {
		return a.err
	}
	at := a.req.stop
	if !at.more {
		id := a.req.want[max(a.lost, 0)]
		err := f.failed(int(id.B), int(id.C), at.Location, a.err)
		if a.lost < 0 {
			err.Fetch.Map = -1
		}
		return err
	}
	b := requestBuilder{shuffle: f.what.Input.Shuffle, most: f.cfg.MaxSegment, target: a.req.bytes, window: math.MaxInt64, seed: f.what.Seed}
	for i, id := range a.req.want {
		if a.here[i] {
			continue
		}
		f.bytes -= a.req.sizes[i]
		next := at
		if a.lost < 0 || a.lost == i {
			next = f.stopAt(int(id.B), at.hop+1)
		}
		b.add(next, step{int32(id.B), int32(id.C), a.req.numbers[i]}, f.what.Input.Outputs[id.B].Sizes.At(int(id.C)))
	}
	f.waiting = append(b.all(), f.waiting...)
	return nil
}
