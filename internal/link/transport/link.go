package transport

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/kilnproject/kiln/internal/link/wire"
)

// Errors of a link's ends.
var (
	// ErrClosed is the error of an end that was closed here, or of Send after the other end was closed.
	ErrClosed = errors.New("the control link is closed")
	// ErrSlow is in the error of a driver's end whose executor does not take what it is sent. The link is cut then.
	ErrSlow = errors.New("the executor does not take its messages")
)

// DriverEnd is the driver's end of the link to one executor.
//
// Send hands over d, which nobody may change afterwards. It never waits: when too much is waiting to be taken, it cuts the link and gives
// ErrSlow. Several goroutines may send. Messages that wait may reach the other end joined into one.
//
// Recv gives the next message, in order, which the caller must not change. It is for one goroutine. Once the executor closed its end
// and everything it had sent was taken, the error is io.EOF; after Close it is ErrClosed at once; any other means that the link broke.
//
// Close returns at once; what was sent before still travels, for at most a few seconds. It may be called again, from anywhere.
type DriverEnd interface {
	Send(d *wire.Down) error
	Recv() (*wire.Up, error)
	Close() error
}

// ExecutorEnd is an executor's end of the link to its driver. It is as DriverEnd, but for two things: Send waits while too much is
// waiting to be taken, and Close waits until what was sent before has gone, for at most a few seconds.
type ExecutorEnd interface {
	Send(u *wire.Up) error
	Recv() (*wire.Down, error)
	Close() error
}

// How much may wait in the queues: messages in a pipe, bytes (about) at each end of a link between processes. Where Send
// can not wait for room, there is more of it.
const (
	pipeDownLimit = 1 << 18
	pipeUpLimit   = 1 << 14
	linkSendLimit = 256 << 20 // of a driver's end
	linkLimit     = 64 << 20  // of every other queue
)

// end is one end of a link: a queue in each direction.
type end[S, R any] struct {
	out   *queue[S]
	in    *queue[R]
	weigh func(*S) int // nil: every message weighs 1
	waits bool         // Send waits for room
	shut  atomic.Bool  // Close was called

	taken []*R // what Recv has yet to give, from next on
	next  int

	closing func() error // what Close does beyond ending the queues; may be nil
	cut     func()       // ends the connection below at once; may be nil
}

// Send implements DriverEnd and ExecutorEnd.
func (e *end[S, R]) Send(m *S) error {
	weight := 1
	if e.weigh != nil {
		weight = e.weigh(m)
	}
	err := e.out.put(m, weight, e.waits)
	if err == ErrSlow {
		e.out.end(ErrSlow, true)
		e.in.end(ErrSlow, true)
		if e.cut != nil {
			e.cut()
		}
	}
	return err
}

// Recv implements DriverEnd and ExecutorEnd.
func (e *end[S, R]) Recv() (*R, error) {
	if e.shut.Load() {
		return nil, ErrClosed
	}
	if e.next == len(e.taken) {
		var err error
		if e.taken, err = e.in.take(e.taken[:0]); err != nil {
			e.next = 0
			return nil, err
		}
		e.next = 0
	}
	m := e.taken[e.next]
	e.taken[e.next] = nil
	e.next++
	return m, nil
}

// Close implements DriverEnd and ExecutorEnd.
func (e *end[S, R]) Close() error {
	if e.shut.Swap(true) {
		return nil
	}
	e.out.end(io.EOF, false)
	e.in.end(ErrClosed, true)
	if e.closing != nil {
		return e.closing()
	}
	return nil
}

// Pipe gives both ends of a link inside this process. What one end sends, the other receives: the same value, not a copy.
func Pipe() (DriverEnd, ExecutorEnd) {
	down, up := newQueue[wire.Down](pipeDownLimit), newQueue[wire.Up](pipeUpLimit)
	return &end[wire.Down, wire.Up]{out: down, in: up},
		&end[wire.Up, wire.Down]{out: up, in: down, waits: true}
}
