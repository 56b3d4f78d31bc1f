package disk

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// subDirs is how many sub-directories share the files of one Dir, so that no directory grows too large to list.
const subDirs = 64

// Op is one thing that a Dir does with the operating system.
type Op string

// The operations, as they stand in error messages.
const (
	OpCreate Op = "create"
	OpWrite  Op = "write"
	OpCommit Op = "commit"
	OpOpen   Op = "open"
	OpRead   Op = "read"
)

// Options of a Dir. The zero value is right outside tests.
type Options struct {
	// Fault, when set, is asked before each operation; its error becomes the operation's. A failing write leaves half of
	// its n bytes behind, as a full disk does. It is called from many goroutines.
	Fault func(op Op, path string, n int) error
}

// Dir is a directory of files that one store owns. It is safe for concurrent use.
type Dir struct {
	path string
	opt  Options
	mu   sync.Mutex
	made [subDirs]bool
	shut bool
}

// Open gives the Dir at path, which must not hold anything else. Nothing is made on disk before the first Create.
func Open(path string, opt Options) *Dir { return &Dir{path: path, opt: opt} }

// Path gives where the file of that name is, or would be.
func (d *Dir) Path(name string) string {
	return filepath.Join(d.path, fmt.Sprintf("%02x", subDir(name)), name)
}

// Create begins the file called name. It can not be seen under that name before it is committed.
func (d *Dir) Create(name string) (*Writer, error) {
	path := d.Path(name)
	if err := d.fault(OpCreate, path, 0); err != nil {
		return nil, err
	}
	f, err := d.create(subDir(name), path+".part")
	if err != nil {
		return nil, explain(OpCreate, path, err)
	}
	return &Writer{dir: d, path: path, file: f}, nil
}

// Open opens a committed file for reading. The file stays readable until it is closed, also when it is removed meanwhile.
func (d *Dir) Open(name string) (*Reader, error) {
	path := d.Path(name)
	if err := d.fault(OpOpen, path, 0); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, explain(OpOpen, path, err)
	}
	return &Reader{dir: d, File: f}, nil
}

// Size is the length that a committed file has now.
func (d *Dir) Size(name string) (int64, error) {
	info, err := os.Stat(d.Path(name))
	if err != nil {
		return 0, explain(OpOpen, d.Path(name), err)
	}
	return info.Size(), nil
}

// Remove removes a committed file. One that is not there is no error.
func (d *Dir) Remove(name string) error {
	if err := os.Remove(d.Path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Close removes every file, committed or not, and the directory. Files can not be created afterwards.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	return os.RemoveAll(d.path)
}

// create makes a file and, when it is the first one there, its sub-directory. It holds the lock, so that Close misses no file.
func (d *Dir) create(sub uint32, path string) (*os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return nil, os.ErrClosed
	}
	if !d.made[sub] {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		d.made[sub] = true
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
}

func (d *Dir) fault(op Op, path string, n int) error {
	if d.opt.Fault == nil {
		return nil
	}
	if err := d.opt.Fault(op, path, n); err != nil {
		return explain(op, path, err)
	}
	return nil
}

func subDir(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32() % subDirs
}

// Error is a failed operation on a local file.
type Error struct {
	Op   Op
	Path string
	Err  error
}

// Error names the operation, the path, the cause, and for a full disk what to do.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err)
	if errors.Is(e.Err, syscall.ENOSPC) || errors.Is(e.Err, syscall.EDQUOT) {
		text += ": free space there, or set kiln.local.dir to a directory on a larger disk"
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// explain gives an *Error without the path that the operating system's error repeats.
func explain(op Op, path string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		err = l.Err
	}
	return &Error{Op: op, Path: path, Err: err}
}
