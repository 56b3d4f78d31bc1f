package work

import "slices"

// queue holds the task attempts that wait for a slot, first come first served.
type queue struct {
	waiting []*attempt // from head on
	head    int        // everything before it has left; nil entries are removed ones
	removed int        // nil entries from head on
}

func (q *queue) len() int { return len(q.waiting) - q.head - q.removed }

func (q *queue) push(a *attempt) {
	// Half the slice has left: slide the rest to the front, which costs each attempt at most one move.
	if q.head > 32 && q.head*2 > len(q.waiting) {
		q.waiting = slices.Delete(q.waiting, 0, q.head)
		q.head = 0
	}
	q.waiting = append(q.waiting, a)
}

// pop gives nil when nobody waits.
func (q *queue) pop() *attempt {
	for q.head < len(q.waiting) {
		a := q.waiting[q.head]
		q.waiting[q.head] = nil
		q.head++
		if a != nil {
			return a
		}
		q.removed--
	}
	return nil
}

// remove walks the queue: kills of queued attempts are rare, and the driver sends few more launches than there are slots.
func (q *queue) remove(a *attempt) {
	if i := slices.Index(q.waiting[q.head:], a); i >= 0 {
		q.waiting[q.head+i] = nil
		q.removed++
	}
}

// all yields who waits, in order.
func (q *queue) all(yield func(*attempt) bool) {
	for _, a := range q.waiting[q.head:] {
		if a != nil && !yield(a) {
			return
		}
	}
}
