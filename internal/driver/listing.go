package driver

import (
	"fmt"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// listings are the inputs of stage attempts that are too large for the control link, which only tells that there is one: executors
// fetch it as a block. It is encoded once, when the first of them asks, and never by the loop.
//
// There is one for each stage attempt, the newest: who asks because of an older one finds map outputs where they are now.
type listings struct {
	mu  sync.Mutex
	all map[ids.StageRef]func() (transport.Block, error)
}

// offer takes over the inputs of a stage attempt.
func (l *listings) offer(ref ids.StageRef, inputs []task.Input) {
	open := sync.OnceValues(func() (transport.Block, error) {
		data, err := wire.EncodeListing(inputs)
		if err != nil {
			return transport.Block{}, err
		}
		return transport.Block{Data: data, Sums: transport.Sums(data)}, nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[ids.StageRef]func() (transport.Block, error){}
	}
	l.all[ref] = open
}

// drop forgets what a stage attempt read.
func (l *listings) drop(ref ids.StageRef) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, ref)
}

// open gives the block of a stage attempt.
func (l *listings) open(id ids.BlockID) (transport.Block, error) {
	l.mu.Lock()
	open := l.all[ids.StageRef{Stage: ids.StageID(id.A), Attempt: ids.StageAttempt(id.B)}]
	l.mu.Unlock()
	if open == nil {
		return transport.Block{}, fmt.Errorf("the stage attempt of %v is over: %w", id, transport.ErrNotFound)
	}
	return open()
}
