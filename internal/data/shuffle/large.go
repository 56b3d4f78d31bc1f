package shuffle

import (
	"context"
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// A segment of another executor that is too large to wait in memory comes in pieces, and waits in a file.

// OpenSegmentPiece gives one piece of a segment: all pieces but the last have the same size, and the last one is smaller and may be
// empty. The error is a *MissingError when the map output is not here.
func (st *Store) OpenSegmentPiece(shuffle ids.ShuffleID, mapPartition, reduce, piece int) (Segment, error) {
	seg, err := st.OpenSegment(shuffle, mapPartition, reduce)
	if err != nil {
		return Segment{}, err
	}
	from := int64(piece) * pieceBytes
	if piece < 0 || from > seg.Size {
		seg.Close()
		return Segment{}, fmt.Errorf("map partition %d of shuffle %d left %d bytes for reduce partition %d, and no piece %d", mapPartition, shuffle, seg.Size, reduce, piece)
	}
	n := min(pieceBytes, seg.Size-from)
	if seg.File == nil {
		seg.Data = seg.Data[from : from+n]
	}
	seg.Offset, seg.Size = seg.Offset+from, n
	return seg, nil
}

// bringLarge carries out a request for a large segment. One that comes damaged is asked for once more.
func (f *flight) bringLarge(req *request) {
	end := arrival{fetched: fetched{req: req}, end: true, here: []bool{false}}
	for again := range 2 {
		var file *disk.Writer
		file, end.lost, end.err = f.fetchLarge(f.ctx, req)
		if end.err == nil {
			end.here[0] = true
			f.inbox.put(arrival{fetched: fetched{req: req, file: file}})
			break
		}
		if again > 0 || !errors.Is(end.err, ErrCorrupt) {
			break
		}
	}
	f.inbox.put(end)
}

// fetchLarge fetches a segment into a file and verifies it. Lost is as in asking.run.
func (f *flight) fetchLarge(ctx context.Context, req *request) (file *disk.Writer, lost int, err error) {
	file, err = f.local.dir.Create(fmt.Sprintf("fetched_%d", f.local.copies.Add(1)))
	if err != nil {
		return nil, 0, err
	}
	if lost, err = f.receivePieces(ctx, req, file); err == nil {
		_, err = onDisk{file, 0, file.Size()}.verify()
	}
	if err != nil {
		file.Discard()
		return nil, lost, err
	}
	return file, 0, nil
}

// receivePieces writes all pieces of a segment.
func (f *flight) receivePieces(ctx context.Context, req *request, file *disk.Writer) (lost int, err error) {
	of := req.want[0]
	for n := 0; ; n++ {
		var piece []byte
		a := asking{
			request: &request{stop: req.stop, want: []ids.BlockID{ids.Segment(ids.ShuffleID(of.A), int(of.B), int(of.C), n)}},
			cfg:     f.cfg, fetch: f.fetch, verify: notTooLong, answer: func(_ int, data []byte) { piece = data },
		}
		if lost, err = a.run(ctx); err != nil {
			return lost, err
		}
		if _, err := file.Write(piece); err != nil {
			return 0, err
		}
		if len(piece) < pieceBytes {
			return 0, nil
		}
	}
}

// notTooLong looks at a piece by itself. What is in it is verified with the whole.
func notTooLong(piece []byte) error {
	if len(piece) > pieceBytes {
		return corrupt("a piece of %d bytes, where %d are the most", len(piece), pieceBytes)
	}
	return nil
}
