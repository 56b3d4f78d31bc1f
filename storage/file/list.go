package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kilnproject/kiln/storage"
)

// List implements [storage.FS].
func (FS) List(ctx context.Context, pattern string) ([]storage.File, error) {
	abs, err := absolute("list", pattern)
	if err != nil {
		return nil, err
	}
	l := lister{ctx: ctx}
	info, err := os.Stat(abs)
	switch {
	case err == nil:
		err = l.named(abs, info)
	case hasMeta(abs) && errors.Is(err, fs.ErrNotExist):
		err = l.pattern(abs)
	}
	if err != nil {
		return nil, failed("list", pattern, err)
	}
	if len(l.found) == 0 {
		return nil, failed("list", pattern, fmt.Errorf("%w: every name in it begins with . or _, or it is empty", storage.ErrNoFiles))
	}
	slices.SortFunc(l.found, func(a, b storage.File) int { return strings.Compare(a.Path, b.Path) })
	return l.found, nil
}

// lister gathers what one pattern names.
type lister struct {
	ctx   context.Context
	found []storage.File
	above []fs.FileInfo // the directories on the way down, to notice a symbolic link that leads back up
}

// named adds a path that the caller asked for itself.
func (l *lister) named(path string, info fs.FileInfo) error {
	if !info.IsDir() && !info.Mode().IsRegular() {
		return failed("list", path, errors.New("it is neither a file nor a directory"))
	}
	return l.add(path, info)
}

// add adds a file, or the files below a directory. Pipes, sockets and devices are passed over.
func (l *lister) add(path string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return l.walk(path, info)
	case info.Mode().IsRegular():
		if err := readable(path, info); err != nil {
			return failed("read", path, err)
		}
		l.found = append(l.found, storage.File{Path: path, Size: info.Size()})
	}
	return nil
}

// walk adds every file below a directory.
func (l *lister) walk(dir string, info fs.FileInfo) error {
	if err := context.Cause(l.ctx); err != nil {
		return err
	}
	for _, up := range l.above {
		if os.SameFile(up, info) {
			return failed("list", dir, errors.New("a symbolic link leads back to a directory above it"))
		}
	}
	l.above = append(l.above, info)
	defer func() { l.above = l.above[:len(l.above)-1] }()

	entries, err := os.ReadDir(dir)
	if err != nil {
		return failed("list", dir, err)
	}
	for _, e := range entries {
		if storage.Hidden(e.Name()) {
			continue
		}
		path := dir + "/" + e.Name()
		if dir == "/" {
			path = dir + e.Name()
		}
		info, err := follow(path, e)
		if err == nil {
			err = l.add(path, info)
		}
		if err != nil {
			return failed("list", path, err)
		}
	}
	return nil
}

// follow gives what an entry is, behind symbolic links.
func follow(path string, e fs.DirEntry) (fs.FileInfo, error) {
	if e.Type()&fs.ModeSymlink != 0 {
		return os.Stat(path)
	}
	return e.Info()
}

// hasMeta tells whether a path means more than itself.
func hasMeta(path string) bool { return strings.ContainsAny(path, `*?[\`) }

// pattern adds what a pattern matches, part by part from the root, so that only directories that can match are read.
func (l *lister) pattern(abs string) error {
	if _, err := filepath.Match(abs, ""); err != nil {
		return failed("list", abs, errors.New(`the pattern is malformed: a "[" needs its "]", a "\" needs a character`))
	}
	at := []string{"/"}
	parts := strings.Split(strings.TrimPrefix(abs, "/"), "/")
	for i, part := range parts {
		next, err := l.step(at, part, i == len(parts)-1)
		if err != nil {
			return err
		}
		at = next
	}
	if len(at) == 0 {
		return &storage.Error{Op: "list", Path: abs, Err: fmt.Errorf("nothing matches the pattern: %w", fs.ErrNotExist)}
	}
	for _, path := range at {
		info, err := os.Stat(path)
		if err != nil {
			return failed("list", path, err)
		}
		if err := l.add(path, info); err != nil {
			return err
		}
	}
	return nil
}

// step gives the paths that lie one part further down.
func (l *lister) step(dirs []string, part string, last bool) ([]string, error) {
	var next []string
	for _, dir := range dirs {
		if err := context.Cause(l.ctx); err != nil {
			return nil, err
		}
		if !hasMeta(part) {
			path := filepath.Join(dir, part)
			if info, err := os.Stat(path); err == nil && (last || info.IsDir()) {
				next = append(next, path)
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, failed("list", path, err)
			}
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, failed("list", dir, err)
		}
		for _, e := range entries {
			if storage.Hidden(e.Name()) && !storage.Hidden(part) {
				continue
			}
			if ok, _ := filepath.Match(part, e.Name()); !ok {
				continue
			}
			path := filepath.Join(dir, e.Name())
			if info, err := follow(path, e); err != nil || !last && !info.IsDir() {
				continue // it went away, leads nowhere, or has nothing below it
			}
			next = append(next, path)
		}
	}
	return next, nil
}
