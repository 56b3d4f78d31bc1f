package shuffle

import (
	"encoding/binary"
	"hash/crc32"
)

// largeSegment is the most that is read of a data file at once. Larger segments are handed over piece by piece.
const largeSegment = 8 << 20

// piece is about how much of a large segment is in memory at once.
const piece = 4 << 20

// stream reads a large segment of a file in pieces. It reads twice: the first time only to verify, so that nothing is pushed of a
// damaged segment; the second time comes from the page cache, and is verified again as it goes.
func (r *reading) stream(mapPartition, reduce int, seg *Segment) error {
	failed := func(err error) *FetchError { return r.failed(mapPartition, reduce, r.place(), err) }
	body := seg.Size - trailerBytes
	want, err := verifyFile(seg, body)
	if err != nil {
		return r.moveLocal(mapPartition, reduce, err)
	}
	r.count(seg.Size)
	crc := uint32(0)
	for at := int64(0); at < body; {
		data, err := readPiece(seg, at, body-at)
		if err != nil {
			return failed(err)
		}
		whole := wholeBlocks(data)
		if whole == 0 {
			return failed(corrupt("a block changed while it was read"))
		}
		crc = crc32.Update(crc, castagnoli, data[:whole])
		at += int64(whole)
		for rest := data[:whole]; len(rest) > 0; {
			var block []byte
			if block, rest, err = nextBlock(rest); err != nil {
				return failed(err)
			}
			if err := r.push(mapPartition, block); err != nil {
				return err
			}
		}
	}
	if crc != want {
		return failed(corrupt("a segment changed while it was read"))
	}
	return nil
}

// wholeBlocks is the length of the blocks at the front of data that end in it.
func wholeBlocks(data []byte) (whole int) {
	for {
		n, err := blockLength(data[whole:], int64(len(data)-whole))
		if err != nil {
			return whole
		}
		whole += prefixBytes + n
	}
}

// readPiece reads from at on: a piece, or the first block if that is longer.
func readPiece(seg *Segment, at, left int64) ([]byte, error) {
	var prefix [prefixBytes]byte
	if err := seg.readAt(prefix[:], at); err != nil {
		return nil, err
	}
	n, err := blockLength(prefix[:], left)
	if err != nil {
		return nil, err
	}
	data := make([]byte, min(max(piece, int64(prefixBytes+n)), left))
	return data, seg.readAt(data, at)
}

// verifyFile reads all of a segment and gives its checksum.
func verifyFile(seg *Segment, body int64) (crc uint32, err error) {
	c := newChunk(lastChunk)
	defer c.free()
	for at := int64(0); at < body; {
		p := c.bytes[:min(lastChunk, body-at)]
		if err := seg.readAt(p, at); err != nil {
			return 0, err
		}
		crc = crc32.Update(crc, castagnoli, p)
		at += int64(len(p))
	}
	var trailer [trailerBytes]byte
	if err := seg.readAt(trailer[:], body); err != nil {
		return 0, err
	}
	if want := binary.LittleEndian.Uint32(trailer[:]); want != crc {
		return 0, corrupt("checksum %08x instead of %08x over %d bytes", crc, want, body)
	}
	return crc, nil
}
