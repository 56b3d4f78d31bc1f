package speculate

import "time"

// median is the median of durations that come one by one. Invariant: nothing in low is above anything in high, and low has as many
// as high or one more.
type median struct {
	low  durations // negated, so that the largest is first
	high durations
}

// add takes one more duration.
func (m *median) add(d time.Duration) {
	if len(m.low) == 0 || d <= -m.low[0] {
		m.low.push(-d)
	} else {
		m.high.push(d)
	}
	switch {
	case len(m.low) > len(m.high)+1:
		m.high.push(-m.low.pop())
	case len(m.high) > len(m.low):
		m.low.push(-m.high.pop())
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

// durations is a heap, smallest first. It is written out because container/heap puts each element into an interface.
type durations []time.Duration

func (d *durations) push(x time.Duration) {
	*d = append(*d, x)
	h := *d
	for at := len(h) - 1; at > 0; {
		up := (at - 1) / 2
		if h[up] <= h[at] {
			return
		}
		h[up], h[at] = h[at], h[up]
		at = up
	}
}

func (d *durations) pop() time.Duration {
	h := *d
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	*d = h
	for at := 0; ; {
		least := 2*at + 1
		if least >= last {
			return first
		}
		if right := least + 1; right < last && h[right] < h[least] {
			least = right
		}
		if h[at] <= h[least] {
			return first
		}
		h[at], h[least] = h[least], h[at]
		at = least
	}
}
