package transport

import (
	"io"
	"sync"
)

// queue is a bounded mailbox. Any goroutine puts, one takes, and takes all that is there at once: a message then costs a lock on
// each side and seldom a wake-up.
type queue[M any] struct {
	limit int // of weight; a message that is alone may be heavier

	mu     sync.Mutex
	some   sync.Cond // there is something to take, or why is set
	room   sync.Cond // there is room, or why is set
	list   []*M
	weight int
	why    error // set once the queue has ended: what take says when list is empty
}

func newQueue[M any](limit int) *queue[M] {
	q := &queue[M]{limit: limit}
	q.some.L, q.room.L = &q.mu, &q.mu
	return q
}

// put adds m. When there is no room, it waits or gives ErrSlow.
func (q *queue[M]) put(m *M, weight int, wait bool) error {
	q.mu.Lock()
	for q.why == nil && len(q.list) > 0 && q.weight+weight > q.limit {
		if !wait {
			q.mu.Unlock()
			return ErrSlow
		}
		q.room.Wait()
	}
	if q.why != nil {
		defer q.mu.Unlock()
		if q.why == io.EOF {
			return ErrClosed
		}
		return q.why
	}
	q.list = append(q.list, m)
	q.weight += weight
	first := len(q.list) == 1
	q.mu.Unlock()
	if first {
		q.some.Signal()
	}
	return nil
}

// take waits for messages and gives all there are. It takes back used, an empty slice whose room it may use again.
func (q *queue[M]) take(used []*M) ([]*M, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.list) == 0 {
		if q.why != nil {
			return used, q.why
		}
		q.some.Wait()
	}
	list := q.list
	q.list, q.weight = used, 0
	q.room.Broadcast()
	return list, nil
}

// end lets nothing more in. What waits can still be taken, unless it is dropped. The first reason stays, but for one thing: after
// the receiver itself has ended the queue, that is what it is told.
func (q *queue[M]) end(why error, drop bool) {
	q.mu.Lock()
	if q.why == nil || drop {
		q.why = why
	}
	if drop {
		q.list, q.weight = nil, 0
	}
	q.mu.Unlock()
	q.some.Broadcast()
	q.room.Broadcast()
}
