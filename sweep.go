package kiln

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// appDirPrefix is how the private directories of applications begin.
const appDirPrefix = "kiln-"

// lockName is a file that the driver holds a lock on for as long as it lives, however it ends.
const lockName = "lock"

// ownDir is a private directory of this application, and the lock that says so.
type ownDir struct {
	path string
	lock int // a file descriptor
}

// ownDir makes a private directory, which goes with the session.
func (s *Session) ownDir(parent string) (string, error) {
	path, err := os.MkdirTemp(parent, appDirPrefix+s.appID+"-")
	if err != nil {
		return "", err
	}
	lock, err := lockDir(path)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(path))
	}
	s.dirs = append(s.dirs, ownDir{path, lock})
	return path, nil
}

// removeDirs removes the session's directories with all that is in them.
func (s *Session) removeDirs() (err error) {
	for _, d := range s.dirs {
		err = errors.Join(err, os.RemoveAll(d.path), unix.Close(d.lock))
	}
	s.dirs = nil
	return err
}

// lockDir takes the lock of a directory, which whoever holds the file open has.
func lockDir(dir string) (fd int, err error) {
	path := filepath.Join(dir, lockName)
	if fd, err = unix.Open(path, unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o600); err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		unix.Close(fd)
		return -1, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return fd, nil
}

// sweep removes the directories of drivers that were killed. It is best effort: what is not ours or still locked stays.
func sweep(parent string) {
	dirs, err := filepath.Glob(filepath.Join(parent, appDirPrefix+"app-*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		if abandoned(dir) && strings.HasPrefix(filepath.Base(dir), appDirPrefix) {
			_ = os.RemoveAll(dir)
		}
	}
}

// abandoned reports whether nobody holds the lock of an application's directory.
func abandoned(dir string) bool {
	fd, err := unix.Open(filepath.Join(dir, lockName), unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil
}
