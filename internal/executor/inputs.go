package executor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/transport"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// inputsError says that a task does not know where the map outputs are that it reads. Nothing is known to be lost: the task runs
// again, maybe elsewhere.
type inputsError struct {
	of   ids.StageRef
	addr string
	err  error
}

func (e *inputsError) Error() string {
	return fmt.Sprintf("where the map outputs are that %v reads could not be fetched from the driver at %s: %v", e.of, e.addr, e.err)
}

func (e *inputsError) Unwrap() error { return e.err }

// inputs gives where the map outputs are that the tasks of a stage attempt read. Where the driver did not send that with the stage it
// is fetched, once for all tasks, the first time that one of them asks; they wait for it as long as ctx allows.
func (e *Executor) inputs(ctx context.Context, s *stage) ([]task.Input, error) {
	if !s.Listed {
		return s.Inputs, nil
	}
	return s.listed.get(ctx, func() ([]task.Input, error) { return e.fetchInputs(s.Ref) })
}

// listed is something that the tasks of a stage fetch together. Its zero value is ready.
type listed struct {
	mu  sync.Mutex
	try *try // the last one; nil before the first
}

// try is one attempt to fetch it. What it found is written before done is closed.
type try struct {
	done   chan struct{}
	inputs []task.Input
	err    error
}

// get gives what fetch finds. Who comes while it is under way waits for it, and who comes after it has failed begins anew. It goes on when
// the task that began it is cancelled: others wait for it too.
func (l *listed) get(ctx context.Context, fetch func() ([]task.Input, error)) ([]task.Input, error) {
	t := l.begin(fetch)
	select {
	case <-t.done:
		return t.inputs, t.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l *listed) begin(fetch func() ([]task.Input, error)) *try {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.try != nil && !l.try.failed() {
		return l.try
	}
	t := &try{done: make(chan struct{})}
	l.try = t
	go func() {
		defer close(t.done)
		t.inputs, t.err = fetch()
	}()
	return t
}

func (t *try) failed() bool {
	select {
	case <-t.done:
		return t.err != nil
	default:
		return false
	}
}

// fetchInputs asks the driver, and asks again as patiently as for map outputs, unless the answer would be the same.
func (e *Executor) fetchInputs(ref ids.StageRef) ([]task.Input, error) {
	for tries := 0; ; tries++ {
		inputs, err := e.askInputs(ref)
		if err == nil {
			return inputs, nil
		}
		final := errors.Is(err, transport.ErrNotFound) || errors.Is(err, transport.ErrGone) || errors.Is(err, wire.ErrMalformed)
		if final || tries >= e.cfg.Reading.Retries || !e.sleep(e.cfg.Reading.RetryWait) {
			return nil, &inputsError{ref, e.cfg.DriverBlocks, err}
		}
	}
}

// askInputs asks once: the driver, or an executor to which it sends.
func (e *Executor) askInputs(ref ids.StageRef) ([]task.Input, error) {
	data, err := e.exchange.Bring(e.ctx, ids.Inputs(ref))
	if err != nil {
		return nil, err
	}
	return wire.DecodeListing(data)
}

// sleep waits, and reports false when the executor ended meanwhile.
func (e *Executor) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-e.ctx.Done():
		return false
	}
}
