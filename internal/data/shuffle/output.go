package shuffle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// output is one committed map output. It does not change, but for its last two fields.
type output struct {
	reduces    int
	digest     uint64 // as its writer told; 0 when it did not
	generation int32

	// In memory: all segments, and where each begins and the last ends.
	data   []byte
	starts []uint32

	// In a file: its name, and the bytes of its segments; the index stands behind them.
	file      string
	dataBytes int64
	handle    *handle // guarded by the store's handles, as is gone
	gone      bool    // left the table
}

// Segment is what one map task left for one reduce partition, held for reading until Close. Its bytes are in memory, or a part
// of a file; they end with their checksum, which the reader verifies.
type Segment struct {
	Data   []byte   // when in memory; read only
	File   *os.File // else; shared, for reading at offsets
	Offset int64
	Size   int64

	st     *Store
	handle *handle
}

// Close ends the reading.
func (s *Segment) Close() {
	if s.handle != nil {
		s.st.open.release(s.handle)
		s.handle = nil
	}
}

// onDisk is the segment when it is in a file.
func (s *Segment) onDisk() onDisk { return onDisk{s.handle.file, s.Offset, s.Size} }

// OpenSegment gives the segment for local readers and for the block server. Size is zero when the map task left nothing for the
// partition. The error is a *MissingError when the map output is not here.
func (st *Store) OpenSegment(shuffle ids.ShuffleID, mapPartition, reduce int) (Segment, error) {
	out, err := st.lookup(shuffle, mapPartition)
	if err != nil {
		return Segment{}, err
	}
	if reduce < 0 || reduce >= out.reduces {
		return Segment{}, fmt.Errorf("map partition %d of shuffle %d has %d reduce partitions, not number %d", mapPartition, shuffle, out.reduces, reduce)
	}
	if out.file == "" {
		data := out.data[out.starts[reduce]:out.starts[reduce+1]]
		return Segment{Data: data, Size: int64(len(data))}, nil
	}
	h, err := st.open.acquire(st.dir, out)
	if err != nil {
		return Segment{}, err
	}
	from, to, err := readRange(h, out, reduce)
	if err != nil {
		st.open.release(h)
		return Segment{}, err
	}
	return Segment{File: h.file.File, Offset: from, Size: to - from, st: st, handle: h}, nil
}

// readRange looks one segment up in the file's index. Sixteen bytes from the page cache cost less than keeping every index in
// memory: a store holds thousands of outputs for thousands of reduce partitions.
func readRange(h *handle, out *output, reduce int) (from, to int64, err error) {
	var p [2 * offsetBytes]byte
	if _, err := h.file.ReadAt(p[:], out.dataBytes+int64(reduce)*offsetBytes); err != nil {
		return 0, 0, short(err, "the index of the data file is cut off")
	}
	from, to = int64(binary.LittleEndian.Uint64(p[:])), int64(binary.LittleEndian.Uint64(p[offsetBytes:]))
	if from < 0 || from > to || to > out.dataBytes {
		return 0, 0, corrupt("the index says %d to %d of %d bytes", from, to, out.dataBytes)
	}
	return from, to, nil
}

// sizes gives the bytes for each reduce partition, and an error when the output is not whole.
func (st *Store) sizes(out *output) ([]int64, error) {
	sizes := make([]int64, out.reduces)
	if out.file == "" {
		for i := range sizes {
			sizes[i] = int64(out.starts[i+1]) - int64(out.starts[i])
		}
		return sizes, nil
	}
	tail := make([]byte, (out.reduces+1)*offsetBytes+footerBytes)
	if size, err := st.dir.Size(out.file); err != nil || size != out.dataBytes+int64(len(tail)) {
		return nil, corrupt("the data file has %d bytes instead of %d (%v)", size, out.dataBytes+int64(len(tail)), err)
	}
	h, err := st.open.acquire(st.dir, out)
	if err != nil {
		return nil, err
	}
	defer st.open.release(h)
	if _, err := h.file.ReadAt(tail, out.dataBytes); err != nil {
		return nil, short(err, "the index of the data file is cut off")
	}
	offsets, err := parseTail(tail, out.reduces, out.dataBytes)
	if err != nil {
		return nil, err
	}
	for i := range sizes {
		sizes[i] = offsets[i+1] - offsets[i]
	}
	return sizes, nil
}

// short says what the end of the file means where more bytes must follow.
func short(err error, meaning string) error {
	if errors.Is(err, io.EOF) {
		return corrupt("%s", meaning)
	}
	return err
}
