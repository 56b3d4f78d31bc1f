package kiln

import (
	"context"
	"errors"

	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/storage"
)

// SaveOption changes how a save treats its directory.
type SaveOption struct{ apply func(*saving) }

// Overwrite lets a save replace a directory that is there. Until the save commits, the old files stay readable.
func Overwrite() SaveOption { return SaveOption{func(s *saving) { s.overwrite = true }} }

type saving struct{ overwrite bool }

// SaveText writes rows as lines to files part-00000.txt and so on, one for each partition, in the directory path: strings and byte
// slices as they are, other rows as fmt.Println prints them. The directory appears, with a file _SUCCESS, when all is written;
// a failed or cancelled save leaves nothing. A directory that exists already is an error (ErrExists) unless Overwrite is given.
func (d handle) SaveText(ctx context.Context, path string, o ...SaveOption) error {
	return d.n.saveText(ctx, path, o)
}

//go:noinline
func (n *node) saveText(ctx context.Context, path string, o []SaveOption) error {
	return n.save(ctx, "SaveText", path, o, func(g op.Target) op.Output { return &op.SaveText{Rows: n.rowType(), Target: g} })
}

// SaveBinary writes rows one after the other, with nothing between them, to files part-00000.bin and so on: what BinaryRecords reads
// when all rows have one length. Else as SaveText.
func SaveBinary(ctx context.Context, d RDD[[]byte], path string, o ...SaveOption) error {
	return d.n.save(ctx, "SaveBinary", path, o, func(g op.Target) op.Output { return &op.SaveBinary{Target: g} })
}

// save begins the output, runs the job that fills it, and publishes what the job's tasks wrote.
func (n *node) save(ctx context.Context, verb, path string, opts []SaveOption, output func(op.Target) op.Output) error {
	a := n.newAction(verb, output(op.Target{}), nil) // refuses at the user's line
	var s saving
	for _, o := range opts {
		if o.apply != nil {
			o.apply(&s)
		}
	}
	if _, err := n.layOut(ctx); err != nil { // a missing input is the better error
		return a.locate(err)
	}
	_, err := n.write(ctx, a, path, s.overwrite, output)
	return err
}

// write saves and gives the receipts of the partitions in order.
func (n *node) write(ctx context.Context, a *action, path string, overwrite bool, output func(op.Target) op.Output) ([]string, error) {
	place, err := storage.For(path)
	if err != nil {
		return nil, a.locate(err)
	}
	out, err := place.Create(ctx, path, overwrite)
	if err != nil {
		return nil, a.locate(err)
	}
	filling := n.newAction(a.verb, output(op.Target{Path: path, Token: out.Token(), App: n.s.appID}), nil)
	filling.site = a.site
	values, err := filling.run(ctx)
	if err != nil {
		return nil, errors.Join(err, out.Abort(context.WithoutCancel(ctx)))
	}
	receipts := make([]string, len(values))
	for i, v := range values {
		receipts[i] = string(v)
	}
	if err := out.Commit(ctx, receipts); err != nil {
		return nil, a.locate(err)
	}
	return receipts, nil
}
