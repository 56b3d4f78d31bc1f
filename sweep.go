package kiln

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// appDirPrefix is how the private directories of applications begin.
const appDirPrefix = "kiln-"

// lockName is a file that the driver holds a lock on for as long as it lives, however it ends.
const lockName = "lock"

// lockDir takes the lock. The file stays open until the process ends.
func lockDir(dir string) error {
	fd, err := unix.Open(filepath.Join(dir, lockName), unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return &os.PathError{Op: "open", Path: filepath.Join(dir, lockName), Err: err}
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return &os.PathError{Op: "lock", Path: filepath.Join(dir, lockName), Err: err}
	}
	return nil
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
