package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/kilnproject/kiln/storage"
)

// attempt is a directory of its own in the staging directory.
type attempt struct {
	dir    string
	name   string
	parts  []string
	open   int
	failed error // the first; Commit refuses with it
}

// Attempt implements [storage.FS].
func (FS) Attempt(ctx context.Context, token, name string) (storage.Attempt, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(token) || !strings.HasPrefix(filepath.Base(token), stagingPrefix) || filepath.Clean(token) != token {
		return nil, failed("write", token, errors.New("this is not the token of an output"))
	}
	if !plain(name) {
		return nil, failed("write", token, fmt.Errorf("%q cannot name an attempt", name))
	}
	a := &attempt{dir: attemptDir(token, name), name: name}
	// Mkdir and not MkdirAll: when the job has ended, its directory must not come back.
	if err := os.Mkdir(a.dir, 0o777); err != nil {
		return nil, failed("write", a.dir, err)
	}
	return a, nil
}

// Part implements [storage.Attempt].
func (a *attempt) Part(name string) (io.WriteCloser, error) {
	if !plain(name) || storage.Hidden(name) {
		return nil, failed("write", a.dir, fmt.Errorf("%q cannot name a part", name))
	}
	path := filepath.Join(a.dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, failed("write", path, err)
	}
	a.parts = append(a.parts, name)
	a.open++
	return &part{of: a, f: f, path: path}, nil
}

// Commit implements [storage.Attempt].
func (a *attempt) Commit() (string, error) {
	err := a.failed
	if err == nil && a.open > 0 {
		err = fmt.Errorf("%d parts are not closed", a.open)
	}
	if err == nil {
		err = syncDir(a.dir)
	}
	if err != nil {
		a.Abort()
		return "", failed("commit", a.dir, err)
	}
	return receipt(a.name, a.parts), nil
}

// Abort implements [storage.Attempt].
func (a *attempt) Abort() error { return failed("abort writing", a.dir, os.RemoveAll(a.dir)) }

// part is one file of an attempt.
type part struct {
	of     *attempt
	f      *os.File
	path   string
	closed bool
}

func (p *part) Write(b []byte) (int, error) {
	n, err := p.f.Write(b)
	return n, p.note(err)
}

// Close makes the bytes durable: a rename may reach the disk before the bytes of the file that it names.
func (p *part) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	p.of.open--
	return p.note(errors.Join(p.f.Sync(), p.f.Close()))
}

func (p *part) note(err error) error {
	err = failed("write", p.path, err)
	if p.of.failed == nil {
		p.of.failed = err
	}
	return err
}
