package op

import "math"

// workingBytes is what an operator may hold without asking for it. It is room for a few batches: a small task never meets the
// executor's ledger, and a task that is refused everything still moves forward.
const workingBytes = 64 << 10

// grainBytes is the least that an operator asks for at once, so that growing costs few calls.
const grainBytes = 64 << 10

// held is the memory that one operator was granted. It is given back when the task ends, at the latest.
type held struct {
	memory  Memory
	granted int64
}

func holdFor(t *Task) *held {
	h := &held{memory: t.Memory}
	t.OnDone(func(error) { h.release() })
	return h
}

// never is a weight that no memory grants.
const never = math.MaxInt64 / 4

// want asks until n bytes in all are granted. When it is refused, the grant stays as it was.
func (h *held) want(n int64) bool {
	if n >= never {
		return false
	}
	n -= workingBytes
	if n <= h.granted {
		return true
	}
	ask := (n - h.granted + grainBytes - 1) / grainBytes * grainBytes
	if !h.memory.Grow(ask) {
		return false
	}
	h.granted += ask
	return true
}

// release gives everything back.
func (h *held) release() {
	if h.granted > 0 {
		h.memory.Shrink(h.granted)
		h.granted = 0
	}
}
