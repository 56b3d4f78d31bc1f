package sim

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// kind is what happens in a Scale.
type kind uint8

const (
	launchArrives kind = iota
	killArrives
	taskEnds
	endArrives
	copyArrives
	copyEnds
	executorDies
	executorDrains
	diskForgets
	networkParts
	beats
	lossIsKnown
	executorComes
	looks
	wakes
)

// happening is one thing that happens. It holds what every kind of them may need, so that millions of them cost no allocations.
type happening struct {
	at       Time
	order    int64
	took     time.Duration
	id       ids.TaskID
	ref      ids.TaskRef
	executor ids.ExecutorID
	from     ids.ExecutorID // that could not be read from
	shuffle  ids.ShuffleID
	fate     task.Fate
	kind     kind
	recall   bool
	repeated bool // the same was told before
}

// happenings is a heap of what will happen. What happens at the same time happens in the order in which it was planned.
type happenings struct {
	heap    []happening
	planned int64
}

func (q *happenings) before(a, b int) bool {
	x, y := &q.heap[a], &q.heap[b]
	return x.at < y.at || x.at == y.at && x.order < y.order
}

func (q *happenings) swap(a, b int) { q.heap[a], q.heap[b] = q.heap[b], q.heap[a] }

func (q *happenings) push(h happening) {
	q.planned++
	h.order = q.planned
	q.heap = append(q.heap, h)
	for at := len(q.heap) - 1; at > 0 && q.before(at, (at-1)/2); at = (at - 1) / 2 {
		q.swap(at, (at-1)/2)
	}
}

func (q *happenings) pop() happening {
	first, last := q.heap[0], len(q.heap)-1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	for at := 0; ; {
		least := at
		for child := 2*at + 1; child <= 2*at+2 && child < last; child++ {
			if q.before(child, least) {
				least = child
			}
		}
		if least == at {
			return first
		}
		q.swap(at, least)
		at = least
	}
}
