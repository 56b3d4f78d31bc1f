package shuffle

import (
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/kilnproject/kiln/internal/core/task"
)

// largeSegment is the most that is read of a data file at once. Larger segments are handed over piece by piece.
const largeSegment = 8 << 20

// piece is about how much of a large segment is in memory at once.
const piece = 4 << 20

// onDisk is a segment in a file.
type onDisk struct {
	file   io.ReaderAt
	offset int64
	size   int64
}

// readAt fills p with the bytes of the segment from at on.
func (d onDisk) readAt(p []byte, at int64) error {
	if _, err := d.file.ReadAt(p, d.offset+at); err != nil {
		return short(err, "the data file is cut off")
	}
	return nil
}

// streamLocal reads a large segment of this executor in pieces. It reads twice: the first time only to verify, so that nothing is pushed of
// a damaged segment; the second time comes from the page cache, and is verified again as it goes.
func (r *reading) streamLocal(mapPartition, reduce int, seg *Segment) error {
	d := seg.onDisk()
	if _, err := d.verify(); err != nil {
		return r.moveLocal(mapPartition, reduce, err)
	}
	return r.stream(mapPartition, reduce, r.place(), d)
}

// stream hands over a large segment, which was verified, in pieces.
func (r *reading) stream(mapPartition, reduce int, from task.Location, d onDisk) error {
	failed := func(err error) *FetchError { return r.failed(mapPartition, reduce, from, err) }
	body := d.size - trailerBytes
	want, err := d.trailer()
	if err != nil {
		return failed(err)
	}
	r.count(d.size)
	crc := uint32(0)
	for at := int64(0); at < body; {
		data, err := d.readPiece(at, body-at)
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
func (d onDisk) readPiece(at, left int64) ([]byte, error) {
	var prefix [prefixBytes]byte
	if err := d.readAt(prefix[:], at); err != nil {
		return nil, err
	}
	n, err := blockLength(prefix[:], left)
	if err != nil {
		return nil, err
	}
	data := make([]byte, min(max(piece, int64(prefixBytes+n)), left))
	return data, d.readAt(data, at)
}

// verify reads all of the segment and gives its checksum.
func (d onDisk) verify() (crc uint32, err error) {
	body := d.size - trailerBytes
	want, err := d.trailer()
	if err != nil {
		return 0, err
	}
	c := newChunk(lastChunk)
	defer c.free()
	for at := int64(0); at < body; {
		p := c.bytes[:min(lastChunk, body-at)]
		if err := d.readAt(p, at); err != nil {
			return 0, err
		}
		crc = crc32.Update(crc, castagnoli, p)
		at += int64(len(p))
	}
	if want != crc {
		return 0, corrupt("checksum %08x instead of %08x over %d bytes", crc, want, body)
	}
	return crc, nil
}

// trailer is the checksum that the segment ends with.
func (d onDisk) trailer() (uint32, error) {
	var trailer [trailerBytes]byte
	if d.size < trailerBytes {
		return 0, corrupt("a segment of %d bytes", d.size)
	}
	if err := d.readAt(trailer[:], d.size-trailerBytes); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(trailer[:]), nil
}
