package source

import (
	"context"
	"io"
)

// eagerly is how much is allocated for a file at once on the word of its split; more grows as the bytes come.
const eagerly = 64 << 20

// ReadWhole pushes each file of a split: its path, and its bytes as they are stored. The bytes are the receiver's. Errors, ctx and
// read are as for ReadLines.
func ReadWhole(ctx context.Context, s Split, read *int64, push func(path string, data []byte) error) error {
	f := feed{ctx: ctx, read: read}
	for _, p := range s.Pieces {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		data, err := f.whole(p)
		if err != nil {
			return err
		}
		if err := push(p.Path, data); err != nil {
			return err
		}
	}
	return nil
}

// whole reads all of one file.
func (f *feed) whole(p Piece) ([]byte, error) {
	r, err := f.open(p, 0)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data := make([]byte, min(p.Length, eagerly))
	filled := 0
	for {
		n, err := io.ReadFull(r, data[filled:])
		filled += n
		f.count(n)
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil, f.failed("read", p.Path, errChanged)
		case err != nil:
			return nil, f.failed("read", p.Path, err)
		case int64(filled) == p.Length:
			return data, nil
		}
		if err := context.Cause(f.ctx); err != nil {
			return nil, err
		}
		data = append(data, make([]byte, min(p.Length-int64(filled), int64(filled)))...)
	}
}
