package speculate

import (
	"container/heap"
	"time"
)

// median is the median of durations that come one by one. Invariant: nothing in low is above anything in high, and low has as many
// as high or one more.
type median struct {
	low  durations // negated, so that the largest is first
	high durations
}

// add takes one more duration.
func (m *median) add(d time.Duration) {
	if len(m.low) == 0 || d <= -m.low[0] {
		heap.Push(&m.low, -d)
	} else {
		heap.Push(&m.high, d)
	}
	switch {
	case len(m.low) > len(m.high)+1:
		heap.Push(&m.high, -heap.Pop(&m.low).(time.Duration))
	case len(m.high) > len(m.low):
		heap.Push(&m.low, -heap.Pop(&m.high).(time.Duration))
	}
}

// value gives the middle one, or the mean of the two in the middle. There must be one.
func (m *median) value() time.Duration {
	if len(m.low) > len(m.high) {
		return -m.low[0]
	}
	return -m.low[0] + (m.high[0]+m.low[0])/2
}

func (m *median) len() int { return len(m.low) + len(m.high) }

// durations is a heap, smallest first.
type durations []time.Duration

// Len is part of heap.Interface.
func (d durations) Len() int { return len(d) }

// Less is part of heap.Interface.
func (d durations) Less(i, j int) bool { return d[i] < d[j] }

// Swap is part of heap.Interface.
func (d durations) Swap(i, j int) { d[i], d[j] = d[j], d[i] }

// Push is part of heap.Interface.
func (d *durations) Push(x any) { *d = append(*d, x.(time.Duration)) }

// Pop is part of heap.Interface.
func (d *durations) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	*d = (*d)[:last]
	return x
}
