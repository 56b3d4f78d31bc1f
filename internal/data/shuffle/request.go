package shuffle

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// request is what one place is asked for at once.
type request struct {
	stop
	large   bool // it is one segment that comes in pieces
	want    []ids.BlockID
	numbers []int32 // of the steps, for each of want
	sizes   []int64 // estimates of what takes memory, for each of want
	bytes   int64   // their sum
}

func (q *request) add(shuffle ids.ShuffleID, s step, size int64) {
	q.want = append(q.want, ids.Shuffle(shuffle, int(s.mapPartition), int(s.reduce)))
	q.numbers = append(q.numbers, s.remote)
	q.sizes = append(q.sizes, size)
	q.bytes += size
}

// requestBuilder cuts the segments, which come in their order, into windows: all that are to be handed over before the next window
// begins, so that no request brings much that has to wait. In a window it groups them by place, and cuts each group into requests
// of about target bytes, so that several places are asked at the same time.
type requestBuilder struct {
	shuffle ids.ShuffleID
	most    int64 // bytes of a segment that is asked for in one piece
	target  int64
	window  int64  // bytes
	seed    uint64 // chooses with which place each window begins

	done   []*request   // of the windows before
	index  map[stop]int // the places of this window
	last   int          // the place that came last: neighbours often share it
	groups [][]*request // by place, in order of appearance
	bytes  int64
}

func (b *requestBuilder) add(at stop, s step, size int64) {
	if b.bytes >= b.window {
		b.close()
	}
	if len(b.groups) == 0 || b.groups[b.last][0].stop != at {
		b.find(at)
	}
	group := b.groups[b.last]
	req, large := group[len(group)-1], size > b.most
	if req.bytes >= b.target || req.large || large && req.bytes > 0 {
		req = &request{stop: at}
		b.groups[b.last] = append(group, req)
	}
	if req.large = large; large {
		size = pieceBytes
	}
	req.add(b.shuffle, s, size)
	b.bytes += size
}

func (b *requestBuilder) find(at stop) {
	if b.index == nil {
		b.index = map[stop]int{}
	}
	i, known := b.index[at]
	if !known {
		i = len(b.groups)
		b.index[at] = i
		b.groups = append(b.groups, []*request{{stop: at}})
	}
	b.last = i
}

// close ends a window. Its requests go to one place after the other.
func (b *requestBuilder) close() {
	n := uint64(len(b.groups))
	for turn, more := 0, true; more; turn++ {
		more = false
		for i := range n {
			if g := b.groups[(b.seed%n+i)%n]; turn < len(g) {
				b.done = append(b.done, g[turn])
				more = true
			}
		}
	}
	clear(b.index)
	b.groups, b.last, b.bytes = b.groups[:0], 0, 0
}

// all gives the requests, in the order in which what they bring is needed.
func (b *requestBuilder) all() []*request {
	b.close()
	return b.done
}

// errUnanswered stands for a block of which the server said nothing.
var errUnanswered = errors.New("the server did not answer for it")

// asking is a request on its way. A block that is answered wrongly (missing, damaged) is asked for once more, a connection that
// fails is tried Retries times more.
type asking struct {
	*request
	cfg    ReadConfig
	fetch  Fetcher
	here   []bool  // for each of want: it was handed over
	wrong  []error // for each of want: what was wrong with the last answer
	answer func(i int, data []byte)
	verify func(data []byte) error // of a block that came
}

// run asks until everything is here, and not with all patience when there are more places to ask. Lost is the index of the block that can not be had, or -1 when the whole server can not.
func (a *asking) run(ctx context.Context) (lost int, err error) {
	a.here, a.wrong = make([]bool, len(a.want)), make([]error, len(a.want))
	for tries, again := 0, false; ; {
		failed := a.ask(ctx)
		if ctx.Err() != nil {
			return -1, context.Cause(ctx)
		}
		if failed == nil {
			lost, err := a.unanswered()
			if err == nil {
				return 0, nil
			}
			if again {
				return lost, err
			}
			again = true
			continue
		}
		if a.complete() {
			return 0, nil
		}
		if tries++; a.more || tries > a.cfg.Retries || errors.Is(failed, ErrGone) {
			return -1, failed
		}
		if err := wait(ctx, a.cfg.RetryWait); err != nil {
			return -1, err
		}
	}
}

// ask asks once for what is not here yet.
func (a *asking) ask(ctx context.Context) error {
	want, index := make([]ids.BlockID, 0, len(a.want)), make([]int, 0, len(a.want))
	for i, here := range a.here {
		if !here {
			want, index = append(want, a.want[i]), append(index, i)
		}
	}
	return a.fetch.Fetch(ctx, a.Addr, want, func(i int, data []byte, err error) {
		i = index[i]
		if a.here[i] {
			return
		}
		if err == nil {
			err = a.verify(data)
		}
		if a.wrong[i] = err; err == nil {
			a.here[i] = true
			a.answer(i, data)
		}
	})
}

func (a *asking) complete() bool { return !slices.Contains(a.here, false) }

// unanswered gives the first block that is not here, and why.
func (a *asking) unanswered() (int, error) {
	for i, here := range a.here {
		if here {
			continue
		}
		if a.wrong[i] == nil {
			return i, errUnanswered
		}
		return i, a.wrong[i]
	}
	return 0, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
