package shuffle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// Bytes around the blocks; docs/format-shuffle.md describes them.
const (
	prefixBytes  = 4 // length of the block that follows
	trailerBytes = 4 // CRC-32C at the end of a segment that is not empty
	offsetBytes  = 8 // one offset in the index of a data file
	footerBytes  = 24
	magic        = "KilnShf1"

	// MaxBlock is the largest encoded block, in bytes.
	MaxBlock = math.MaxInt32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorrupt is in every error about bytes of a map output that are not what its writer wrote.
var ErrCorrupt = errors.New("damaged shuffle data")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// verify reports whether a whole segment is as it was written, without looking into its blocks.
func verify(segment []byte) error {
	if len(segment) < trailerBytes+prefixBytes {
		return corrupt("a segment of %d bytes", len(segment))
	}
	body := len(segment) - trailerBytes
	want := binary.LittleEndian.Uint32(segment[body:])
	if got := crc32.Checksum(segment[:body], castagnoli); got != want {
		return corrupt("checksum %08x instead of %08x over %d bytes", got, want, body)
	}
	return nil
}

// nextBlock takes the first block off the body of a verified segment. The block is a slice of body.
func nextBlock(body []byte) (block, rest []byte, err error) {
	n, err := blockLength(body, int64(len(body)))
	if err != nil {
		return nil, nil, err
	}
	n += prefixBytes
	return body[prefixBytes:n:n], body[n:], nil
}

// blockLength reads the prefix at the front of p, of a segment that has left bytes left.
func blockLength(p []byte, left int64) (int, error) {
	if len(p) < prefixBytes {
		return 0, corrupt("%d bytes where a block should begin", len(p))
	}
	n := int64(binary.LittleEndian.Uint32(p))
	if n > MaxBlock || n > left-prefixBytes {
		return 0, corrupt("a block of %d bytes where %d are left", n, left-prefixBytes)
	}
	return int(n), nil
}

// appendTail appends what stands behind the segments of a data file: the index and the footer. Offsets has one entry for each
// reduce partition and one for the end of the last.
func appendTail(p []byte, offsets []int64) []byte {
	from := len(p)
	for _, at := range offsets {
		p = binary.LittleEndian.AppendUint64(p, uint64(at))
	}
	p = binary.LittleEndian.AppendUint64(p, uint64(offsets[len(offsets)-1]))
	p = binary.LittleEndian.AppendUint32(p, uint32(len(offsets)-1))
	p = binary.LittleEndian.AppendUint32(p, crc32.Checksum(p[from:], castagnoli))
	return append(p, magic...)
}

// parseTail reads what appendTail wrote for a file of dataBytes bytes of segments.
func parseTail(p []byte, reduces int, dataBytes int64) (offsets []int64, err error) {
	index := (reduces + 1) * offsetBytes
	if len(p) != index+footerBytes || string(p[index+16:]) != magic {
		return nil, corrupt("no index at the end of the file")
	}
	footer := p[index:]
	if crc32.Checksum(p[:index+12], castagnoli) != binary.LittleEndian.Uint32(footer[12:]) {
		return nil, corrupt("the checksum of the index is wrong")
	}
	if binary.LittleEndian.Uint64(footer) != uint64(dataBytes) || binary.LittleEndian.Uint32(footer[8:]) != uint32(reduces) {
		return nil, corrupt("the index is that of another map output")
	}
	offsets = make([]int64, reduces+1)
	last := int64(0)
	for i := range offsets {
		at := int64(binary.LittleEndian.Uint64(p[i*offsetBytes:]))
		if at < last || at > dataBytes || i == 0 && at != 0 {
			return nil, corrupt("offset %d of the index is %d after %d", i, at, last)
		}
		offsets[i], last = at, at
	}
	if last != dataBytes {
		return nil, corrupt("the index ends at %d of %d bytes", last, dataBytes)
	}
	return offsets, nil
}
