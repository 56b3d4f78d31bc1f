package shuffle

import (
	"math/bits"
	"sync"
)

// A writer's blocks lie in chunks that grow fourfold from the first to the last size, so that tiny outputs stay tiny and large
// ones need few chunks.
const (
	firstChunk = 4 << 10
	lastChunk  = 1 << 20
)

// chunk is a piece of memory that is filled from its front.
type chunk struct{ bytes []byte }

// chunkPools keep chunks of the sizes between the first and the last, by the power of four.
var chunkPools [5]sync.Pool

// poolOf gives the pool for chunks of exactly n bytes, or nil.
func poolOf(n int) *sync.Pool {
	if n < firstChunk || n > lastChunk || n&(n-1) != 0 {
		return nil
	}
	power := bits.TrailingZeros(uint(n / firstChunk))
	if power%2 != 0 {
		return nil
	}
	return &chunkPools[power/2]
}

// newChunk gives an empty chunk for n bytes.
func newChunk(n int) *chunk {
	if pool := poolOf(n); pool != nil {
		if c, ok := pool.Get().(*chunk); ok {
			return c
		}
	}
	return &chunk{make([]byte, 0, n)}
}

// free lets others use the chunk's memory.
func (c *chunk) free() {
	if pool := poolOf(cap(c.bytes)); pool != nil {
		c.bytes = c.bytes[:0]
		pool.Put(c)
	}
}

// room is how many bytes the chunk can still take.
func (c *chunk) room() int { return cap(c.bytes) - len(c.bytes) }
