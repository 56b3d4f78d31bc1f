package shuffle

import (
	"encoding/binary"
	"slices"
)

// buffer holds blocks for all reduce partitions in the order in which they came, each behind its prefix.
type buffer struct {
	chunks  []*chunk
	places  []place
	ordered bool  // places are in order of reduce partitions, as they are when an operator flushes its partitions once
	held    int64 // capacity of all chunks
	bytes   int64 // of blocks with prefixes

	expected int // places to begin with
}

// place says where a block's prefix begins.
type place struct {
	reduce uint32
	chunk  uint32
	at     uint32
}

const placeBytes = 12

// fits reports whether the last chunk has room for n bytes.
func (b *buffer) fits(n int) bool {
	k := len(b.chunks)
	return k > 0 && n <= b.chunks[k-1].room()
}

// nextChunk gives the size of the chunk that the buffer would like for n bytes more.
func (b *buffer) nextChunk(n int) int64 {
	next := firstChunk
	if k := len(b.chunks); k > 0 {
		next = min(cap(b.chunks[k-1].bytes)*4, lastChunk)
	}
	return int64(max(next, n))
}

// memory is what the buffer takes.
func (b *buffer) memory() int64 { return b.held + int64(cap(b.places))*placeBytes }

// grow adds a chunk of n bytes.
func (b *buffer) grow(n int64) {
	b.chunks = append(b.chunks, newChunk(int(n)))
	b.held += n
}

// add takes a copy of the block. There is room for it.
func (b *buffer) add(reduce int, block []byte) {
	k := len(b.chunks) - 1
	c := b.chunks[k]
	switch n := len(b.places); {
	case n == 0:
		b.ordered = true
		b.places = make([]place, 0, b.expected)
	case b.ordered:
		b.ordered = b.places[n-1].reduce <= uint32(reduce)
	}
	b.places = append(b.places, place{uint32(reduce), uint32(k), uint32(len(c.bytes))})
	c.bytes = append(binary.LittleEndian.AppendUint32(c.bytes, uint32(len(block))), block...)
	b.bytes += int64(prefixBytes + len(block))
}

// at gives the block at p with its prefix.
func (b *buffer) at(p place) []byte {
	c := b.chunks[p.chunk].bytes[p.at:]
	return c[:prefixBytes+binary.LittleEndian.Uint32(c)]
}

// sorted gives the places in order of reduce partitions; blocks of one partition keep the order in which they came.
func (b *buffer) sorted(reduces int) []place {
	if b.ordered || len(b.places) == 0 {
		return b.places
	}
	if len(b.places) < reduces/8 {
		slices.SortStableFunc(b.places, func(x, y place) int { return int(x.reduce) - int(y.reduce) })
		return b.places
	}
	next := make([]uint32, reduces)
	for _, p := range b.places {
		next[p.reduce]++
	}
	sum := uint32(0)
	for i, n := range next {
		next[i], sum = sum, sum+n
	}
	out := make([]place, len(b.places))
	for _, p := range b.places {
		out[next[p.reduce]] = p
		next[p.reduce]++
	}
	return out
}

// clear empties the buffer.
func (b *buffer) clear() {
	for _, c := range b.chunks {
		c.free()
	}
	*b = buffer{expected: b.expected}
}
