package file

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// readable tells, without opening it, whether this process may read a file. Of one that everybody may read it does not ask the
// kernel, which would double the time of a listing.
func readable(path string, info fs.FileInfo) error {
	const everybody, forReading = 0o444, 4
	if info.Mode()&everybody == everybody {
		return nil
	}
	if err := syscall.Access(path, forReading); err != nil {
		return &fs.PathError{Op: "access", Path: path, Err: err}
	}
	return nil
}

// user is who the operating system takes us for: a number, since names need a look-up that can hang.
func user() string { return strconv.Itoa(os.Geteuid()) }

// syncDir makes the names in a directory durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
