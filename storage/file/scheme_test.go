package file_test

import (
	"context"
	"io"

	"github.com/kilnproject/kiln/storage"
	"github.com/kilnproject/kiln/storage/file"
)

// schemeFS gives every path to file.FS with its scheme, as users may write it.
type schemeFS struct{ file.FS }

func (s schemeFS) List(ctx context.Context, pattern string) ([]storage.File, error) {
	return s.FS.List(ctx, "file://"+pattern)
}

func (s schemeFS) Open(ctx context.Context, path string, offset, expect int64) (io.ReadCloser, error) {
	return s.FS.Open(ctx, "file://"+path, offset, expect)
}

func (s schemeFS) Create(ctx context.Context, dir string, overwrite bool) (storage.Output, error) {
	return s.FS.Create(ctx, "file://"+dir, overwrite)
}
