package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kilnproject/kiln/storage"
)

func init() { storage.Register(storage.FileScheme, FS{}) }

// FS implements [storage.FS] over the files of this machine. Its zero value is ready to use.
type FS struct{}

var _ storage.FS = FS{}

// Open implements [storage.FS].
func (FS) Open(ctx context.Context, path string, offset, _ int64) (io.ReadCloser, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	f, err := os.Open(local(path))
	if err != nil {
		return nil, failed("read", path, err)
	}
	if offset > 0 {
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			f.Close()
			return nil, failed("read", path, err)
		}
	}
	return &reader{f: f, path: path}, nil
}

// reader gives errors the words of package storage.
type reader struct {
	f    *os.File
	path string
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.f.Read(p)
	if err != nil && err != io.EOF {
		err = failed("read", r.path, err)
	}
	return n, err
}

func (r *reader) Close() error { return r.f.Close() }

// local gives the path without the scheme.
func local(path string) string {
	if rest, ok := strings.CutPrefix(path, "file://"); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(path, "file:/"); ok {
		return "/" + rest // as Spark and Hadoop print it
	}
	return path
}

// absolute gives the path as every process of the application can use it.
func absolute(op, path string) (string, error) {
	p := local(path)
	if p == "" {
		return "", failed(op, path, errors.New("the path is empty"))
	}
	abs, err := filepath.Abs(p)
	if err != nil {
		return "", failed(op, path, err)
	}
	return abs, nil
}

// failed puts err, if there is one, into the words of package storage, once.
func failed(op, path string, err error) error {
	if err == nil {
		return nil
	}
	var known *storage.Error
	if errors.As(err, &known) {
		return err
	}
	e := &storage.Error{Op: op, Path: path, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Hint = nearest(path)
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "the program runs as user " + user()
	}
	return e
}

// nearest names the deepest directory on the way to path that exists, which shows where a typing error begins.
func nearest(path string) string {
	abs, err := filepath.Abs(local(path))
	if err != nil {
		return ""
	}
	for dir := filepath.Dir(abs); dir != "/" && dir != "."; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			return "the nearest directory that exists is " + dir
		}
	}
	return ""
}
