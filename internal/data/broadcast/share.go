package broadcast

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// share brings the pieces together with other executors, in an order of this executor's own, so that each brings other ones first. It stops
// where nobody else needs them, and where the driver does not answer; what is missing then is for the driver alone.
//
// A lane brings one piece at a time: who waits for a piece here waits for one that is really on its way.
func (d *download) share(ctx context.Context, x *Exchange) {
	e := x.begin(ids.Broadcast(d.ref.ID, 0), int(d.ref.Pieces))
	queue := rand.New(rand.NewPCG(uint64(x.cfg.Self), uint64(d.ref.ID))).Perm(int(d.ref.Pieces))
	var mu sync.Mutex
	next := func() (piece int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if len(queue) == 0 {
			return 0, false
		}
		piece, queue = queue[0], queue[1:]
		return piece, true
	}
	stop := func() {
		mu.Lock()
		defer mu.Unlock()
		queue = nil
	}
	var wg sync.WaitGroup
	for range min(lanes, len(queue)) {
		wg.Go(func() {
			for piece, ok := next(); ok; piece, ok = next() {
				if err := d.bring(ctx, e, int32(piece)); err != nil {
					stop()
				}
			}
		})
	}
	wg.Wait()
	e.end(len(d.missing()) == 0)
}

// bring brings one piece. An error means that the driver did not give it, nor anybody else.
func (d *download) bring(ctx context.Context, e *errand, piece int32) error {
	data, err := e.bring(ctx, ids.Broadcast(d.ref.ID, int(piece)), func(size int64) []byte { return d.room(piece, size) })
	if errors.Is(err, errAlone) {
		return err
	}
	err = d.take(piece, data, err)
	d.note(err)
	return err
}
