package source

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// lineEnds holds where some line ends are, counted from where the search began.
type lineEnds [256]int32

// block is how many bytes the search looks at in one step.
const block = 64

// newlines finds the first line ends in data. It gives how many it wrote to ends and how much of data it looked at: all of it, or
// so much that there was no room for more.
//
// Lines of text are short and of every length, so that a search for each alone mostly waits for branches guessed wrongly. This
// one makes a mask of the line ends of a block, and writes them down without asking how many there are, up to four.
func newlines(data []byte, ends *lineEnds) (n, looked int) {
	for len(data)-looked >= block && n <= len(ends)-block {
		b := data[looked : looked+block : looked+block]
		// Unrolled: the compiler does not, and the two loops would take a third of the time.
		mask := newlineMask(b, 0) | newlineMask(b, 8) | newlineMask(b, 16) | newlineMask(b, 24) |
			newlineMask(b, 32) | newlineMask(b, 40) | newlineMask(b, 48) | newlineMask(b, 56)
		to, count := ends[n:n+block:n+block], bits.OnesCount64(mask)
		to[0] = int32(looked + bits.TrailingZeros64(mask))
		mask &= mask - 1
		to[1] = int32(looked + bits.TrailingZeros64(mask))
		mask &= mask - 1
		to[2] = int32(looked + bits.TrailingZeros64(mask))
		mask &= mask - 1
		to[3] = int32(looked + bits.TrailingZeros64(mask))
		mask &= mask - 1
		for i := 4; i < count; i++ {
			to[i] = int32(looked + bits.TrailingZeros64(mask))
			mask &= mask - 1
		}
		n += count
		looked += block
	}
	for len(data)-looked < block && looked < len(data) && n < len(ends) {
		i := bytes.IndexByte(data[looked:], '\n')
		if i < 0 {
			return n, len(data)
		}
		ends[n] = int32(looked + i)
		n++
		looked += i + 1
	}
	return n, looked
}

// newlineMask has bit i set if byte i of the block is '\n', for the eight bytes that begin at at.
func newlineMask(b []byte, at int) uint64 {
	const (
		ones = 0x0101010101010101
		low7 = 0x7f * ones
	)
	w := binary.LittleEndian.Uint64(b[at:]) ^ '\n'*ones // what is sought is 0 now
	zero := ^((w&low7 + low7) | w | low7)               // its high bit is set, and nothing else: no carry leaves a byte
	return (zero >> 7 * 0x0102040810204080 >> 56) << at
}
