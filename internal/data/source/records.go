package source

import (
	"context"
	"fmt"
	"io"
)

// ReadRecords pushes the records of a split, each of length bytes as they are stored. Rows is valid during push; the records stay
// valid as long as they are referenced, and nobody may change them. Errors, ctx and read are as for ReadLines.
func ReadRecords(ctx context.Context, s Split, length int, read *int64, push func(rows [][]byte) error) error {
	if length < 1 {
		return fmt.Errorf("the record length is %d bytes: it must be at least 1", length)
	}
	f := feed{ctx: ctx, read: read}
	rows := make([][]byte, 0, min(batchRows, max(1, batchBytes/length)))
	for _, p := range s.Pieces {
		if p.Length%int64(length) != 0 || p.Offset%int64(length) != 0 {
			return f.failed("read", p.Path, fmt.Errorf("bytes %d to %d are not whole records of %d bytes", p.Offset, p.Offset+p.Length, length))
		}
		if err := f.records(p, length, rows, push); err != nil {
			return err
		}
	}
	return nil
}

// records pushes the records of one piece, in batches of rows' capacity.
func (f *feed) records(p Piece, length int, rows [][]byte, push func([][]byte) error) error {
	r, err := f.open(p, p.Offset)
	if err != nil {
		return err
	}
	defer r.Close()
	for left := p.Length; left > 0; {
		chunk := make([]byte, min(left, int64(max(chunkSize-chunkSize%length, length))))
		n, err := io.ReadFull(r, chunk)
		f.count(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = errChanged
		}
		if err != nil {
			return f.failed("read", p.Path, err)
		}
		left -= int64(n)
		for len(chunk) > 0 {
			if err := context.Cause(f.ctx); err != nil {
				return err
			}
			rows = rows[:0]
			for len(chunk) > 0 && len(rows) < cap(rows) {
				rows = append(rows, chunk[:length:length])
				chunk = chunk[length:]
			}
			if err := push(rows); err != nil {
				return err
			}
		}
	}
	return nil
}
