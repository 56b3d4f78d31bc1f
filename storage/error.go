package storage

import (
	"errors"
	"io/fs"
	"syscall"
)

// ErrNoFiles is in the chain of a List error when the pattern names directories, but no file lies in them.
var ErrNoFiles = errors.New("no files in it")

// Error is what every FS returns: what was attempted, on which path, why it did not work and, where there is one, a way out.
type Error struct {
	Op   string // a verb: "list", "read", "write", "commit"
	Path string
	Err  error
	Hint string // what to change, without a full stop; may be empty
}

// Error gives one line: "cannot list /data/x: it does not exist (check the path)".
func (e *Error) Error() string {
	s := "cannot " + e.Op + " " + e.Path + ": " + reason(e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// reason is the cause without the operating system's call and a second mention of the path.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) && at == err {
		err = at.Err
	}
	var number syscall.Errno
	if errors.As(err, &number) && number == err || err == fs.ErrNotExist || err == fs.ErrPermission {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "it does not exist"
		case errors.Is(err, fs.ErrPermission):
			return "permission denied"
		}
	}
	return err.Error()
}
