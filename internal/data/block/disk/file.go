package disk

import (
	"errors"
	"io"
	"os"
)

// Writer is a file that is being written. It belongs to one goroutine and ends with Commit or Discard.
type Writer struct {
	dir  *Dir
	path string
	file *os.File // nil once committed or discarded
	size int64
}

// Write appends p. A failed write leaves nothing to commit: the caller discards.
func (w *Writer) Write(p []byte) (int, error) {
	if err := w.dir.fault(OpWrite, w.path, len(p)); err != nil {
		n, _ := w.file.Write(p[:len(p)/2])
		w.size += int64(n)
		return n, err
	}
	n, err := w.file.Write(p)
	w.size += int64(n)
	if err != nil {
		return n, explain(OpWrite, w.path, err)
	}
	return n, nil
}

// Size is the number of bytes written.
func (w *Writer) Size() int64 { return w.size }

// Path is where the file will be once it is committed.
func (w *Writer) Path() string { return w.path }

// ReadAt reads what was written; it is for files that serve their writer only.
func (w *Writer) ReadAt(p []byte, off int64) (int, error) {
	return readAt(w.dir, w.file, w.path, p, off)
}

// Commit makes the file visible under its name. It replaces an older one, and does not wait until the disk has it: a store does
// not outlive its process. When it fails, nothing is left.
func (w *Writer) Commit() error {
	f := w.file
	if f == nil {
		return explain(OpCommit, w.path, os.ErrClosed)
	}
	w.file = nil
	err := w.dir.fault(OpCommit, w.path, 0)
	if cerr := f.Close(); err == nil && cerr != nil {
		err = explain(OpCommit, w.path, cerr)
	}
	if err == nil {
		if rerr := os.Rename(f.Name(), w.path); rerr != nil {
			err = explain(OpCommit, w.path, rerr)
		}
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Discard removes what was written. After Commit or another Discard it does nothing.
func (w *Writer) Discard() {
	if w.file == nil {
		return
	}
	w.file.Close()
	os.Remove(w.file.Name())
	w.file = nil
}

// Reader is a committed file, open for reading. ReadAt may be called by several goroutines at once.
type Reader struct {
	dir  *Dir
	File *os.File // for sending it; reads that should be able to fail in tests go through ReadAt
}

// ReadAt reads len(p) bytes at off, or fails.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	return readAt(r.dir, r.File, r.File.Name(), p, off)
}

// Close ends the reading.
func (r *Reader) Close() error { return r.File.Close() }

func readAt(d *Dir, f *os.File, path string, p []byte, off int64) (int, error) {
	if err := d.fault(OpRead, path, len(p)); err != nil {
		return 0, err
	}
	n, err := f.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		if n == len(p) {
			return n, nil
		}
		return n, io.EOF
	}
	if err != nil {
		return n, explain(OpRead, path, err)
	}
	return n, nil
}
