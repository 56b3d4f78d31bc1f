package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Dir is a directory for temporary data.
type Dir struct {
	Path string // absolute
	Free int64  // bytes that this process may still write; 0 means unknown
}

// TempDirs gives the directories that hold temporary data: those of the comma-separated list wanted; else those that a cluster
// manager gives in KILN_LOCAL_DIRS or LOCAL_DIRS; else the system's. A wanted one that is missing is made.
//
// Those that cannot be used are left out. It is an error, which names each with its reason, if none is left.
func TempDirs(wanted string, getenv func(string) string) ([]Dir, error) {
	list := wanted
	for _, name := range []string{"KILN_LOCAL_DIRS", "LOCAL_DIRS"} {
		if strings.Trim(list, ", ") == "" {
			list = getenv(name)
		}
	}
	if strings.Trim(list, ", ") == "" {
		list = os.TempDir()
	}
	var dirs []Dir
	var problems []error
	for path := range strings.SplitSeq(list, ",") {
		if path = strings.TrimSpace(path); path == "" {
			continue
		}
		dir, err := tempDir(path)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s cannot hold temporary data: %w", path, err))
			continue
		}
		dirs = append(dirs, dir)
	}
	if len(dirs) == 0 {
		return nil, errors.Join(problems...)
	}
	return dirs, nil
}

// tempDir makes a directory if need be, and tries whether it can be written to.
func tempDir(path string) (Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Dir{}, err
	}
	if err := os.MkdirAll(abs, 0o777); err != nil {
		return Dir{}, err
	}
	probe, err := os.CreateTemp(abs, ".kiln-probe-*")
	if err != nil {
		return Dir{}, err
	}
	err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	return Dir{Path: abs, Free: Free(abs)}, err
}

// Free gives the bytes that this process may still write to the file system of a path; 0 where that is unknown.
func Free(path string) int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
