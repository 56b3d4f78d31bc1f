package shuffle

import (
	"context"
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// A map output is copied as the bytes of its data file, index and all, in pieces: what is in memory at once does not depend on its size.
// Who copies it verifies every segment before it counts.

// pieceBytes is the size of all pieces of a map output but the last, which is smaller and may be empty.
const pieceBytes = 4 << 20

// OpenPiece gives one piece of a whole map output. The error is a *MissingError when the map output is not here.
func (st *Store) OpenPiece(shuffle ids.ShuffleID, mapPartition, piece int) (Segment, error) {
	out, err := st.lookup(shuffle, mapPartition)
	if err != nil {
		return Segment{}, err
	}
	size := out.size()
	from := int64(piece) * pieceBytes
	if piece < 0 || from > size {
		return Segment{}, fmt.Errorf("the output of map partition %d of shuffle %d has %d bytes, and no piece %d", mapPartition, shuffle, size, piece)
	}
	n := min(pieceBytes, size-from)
	if out.file == "" {
		whole := out.appendFile(make([]byte, 0, size))
		return Segment{Data: whole[from : from+n], Size: n}, nil
	}
	h, err := st.open.acquire(st.dir, out)
	if err != nil {
		return Segment{}, err
	}
	return Segment{File: h.file.File, Offset: from, Size: n, st: st, handle: h}, nil
}

// tailBytes is the size of what stands behind the segments of a data file.
func tailBytes(reduces int) int64 { return int64(reduces+1)*offsetBytes + footerBytes }

// size is the size of the output's data file, or of what it would be.
func (out *output) size() int64 {
	if out.file == "" {
		return int64(len(out.data)) + tailBytes(out.reduces)
	}
	return out.dataBytes + tailBytes(out.reduces)
}

// appendFile appends what the data file of an output in memory would be.
func (out *output) appendFile(p []byte) []byte {
	offsets := make([]int64, len(out.starts))
	for i, at := range out.starts {
		offsets[i] = int64(at)
	}
	return appendTail(append(p, out.data...), offsets)
}

// Original is a map output in another store.
type Original struct {
	Shuffle    ids.ShuffleID
	Map        int
	Reduces    int
	Generation int32
	Digest     uint64 // 0 when it is not known
	Addr       string // where it is served
}

// Copy takes a map output over from another store. An output of the map partition that is here already stays when it is whole and of
// this generation: when it is not known to be the same, or is newer, Copy fails. After an error nothing of the copy is left.
func (st *Store) Copy(ctx context.Context, fetch Fetcher, o Original) error {
	if err := st.copy(ctx, fetch, o); err != nil {
		return fmt.Errorf("copying the output of map partition %d of shuffle %d: %w", o.Map, o.Shuffle, err)
	}
	return nil
}

func (st *Store) copy(ctx context.Context, fetch Fetcher, o Original) error {
	if first, err := st.lookup(o.Shuffle, o.Map); err == nil && st.stays(first, o.Generation) {
		return o.isSame(first)
	}
	out, err := st.receive(ctx, fetch, o)
	if err != nil {
		return err
	}
	out.digest, out.generation = o.Digest, o.Generation
	first, err := st.register(o.Shuffle, o.Map, out)
	if first == nil && err == nil {
		return nil
	}
	if err == nil {
		err = o.isSame(first)
	}
	return errors.Join(err, st.undo(out))
}

// isSame gives an error unless an output that is here is known to be the same.
func (o *Original) isSame(here *output) error {
	if here.generation == o.Generation && here.digest == o.Digest && o.Digest != 0 {
		return nil
	}
	return errors.New("the output of another attempt is here")
}

// undo removes an output that was not registered.
func (st *Store) undo(out *output) error {
	if out.file == "" {
		st.giveBack(int64(len(out.data)))
		return nil
	}
	st.open.drop(out)
	return st.dir.Remove(out.file)
}

// receive fetches an output, piece by piece, and verifies it: into memory when it is small, else into a file.
func (st *Store) receive(ctx context.Context, fetch Fetcher, o Original) (*output, error) {
	first, err := fetchPiece(ctx, fetch, o, 0)
	if err != nil {
		return nil, err
	}
	if size := int64(len(first)) - tailBytes(o.Reduces); len(first) < pieceBytes && st.borrow(max(0, size)) {
		out, err := inMemory(first, o.Reduces)
		if err != nil {
			st.giveBack(max(0, size))
		}
		return out, err
	}
	name := fmt.Sprintf("shuffle_%d_%d_copy%d.data", o.Shuffle, o.Map, st.copies.Add(1))
	file, err := st.dir.Create(name)
	if err != nil {
		return nil, err
	}
	defer file.Discard()
	if err := receiveFile(ctx, fetch, o, first, file); err != nil {
		return nil, err
	}
	out := &output{reduces: o.Reduces, file: name, dataBytes: file.Size() - tailBytes(o.Reduces)}
	if out.dataBytes < 0 {
		return nil, corrupt("%d bytes are no map output of %d reduce partitions", file.Size(), o.Reduces)
	}
	if err := file.Commit(); err != nil {
		return nil, err
	}
	sizes, err := st.sizes(out)
	if err == nil {
		err = st.verifyOutput(out, sizes)
	}
	if err != nil {
		return nil, errors.Join(err, st.undo(out))
	}
	return out, nil
}

// receiveFile writes all pieces of an output, of which the first one is here.
func receiveFile(ctx context.Context, fetch Fetcher, o Original, first []byte, file *disk.Writer) (err error) {
	for n, piece := 1, first; ; n++ {
		if _, err := file.Write(piece); err != nil {
			return err
		}
		if len(piece) < pieceBytes {
			return nil
		}
		if piece, err = fetchPiece(ctx, fetch, o, n); err != nil {
			return err
		}
	}
}

func fetchPiece(ctx context.Context, fetch Fetcher, o Original, n int) (piece []byte, err error) {
	missing := errUnanswered
	failed := fetch.Fetch(ctx, o.Addr, []ids.BlockID{ids.Output(o.Shuffle, o.Map, n)}, func(_ int, data []byte, err error) { piece, missing = data, err })
	switch {
	case failed != nil:
		return nil, failed
	case missing != nil:
		return nil, missing
	case len(piece) > pieceBytes:
		return nil, corrupt("a piece of %d bytes, where %d are the most", len(piece), pieceBytes)
	}
	return piece, nil
}

// inMemory makes an output of the bytes of its data file.
func inMemory(file []byte, reduces int) (*output, error) {
	size := int64(len(file)) - tailBytes(reduces)
	if size < 0 {
		return nil, corrupt("%d bytes are no map output of %d reduce partitions", len(file), reduces)
	}
	offsets, err := parseTail(file[size:], reduces, size)
	if err != nil {
		return nil, err
	}
	out := &output{reduces: reduces, data: file[:size:size], starts: make([]uint32, reduces+1)}
	for i, at := range offsets {
		out.starts[i] = uint32(at)
		if i > 0 && at > offsets[i-1] {
			if err := verify(file[offsets[i-1]:at]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
