package block

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

const (
	trailer    = 4         // CRC-32C of everything before it
	fileBuffer = 256 << 10 // one read or write
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fileWriter writes one block's file: bytes, then their checksum.
type fileWriter struct {
	out  *disk.Writer
	name string
	size int64 // bytes taken so far
	crc  uint32
	buf  []byte
}

func (s *Store) newFile(id ids.BlockID) (*fileWriter, error) {
	s.mu.Lock()
	s.names++
	name := fmt.Sprintf("%v.%d", id, s.names)
	s.mu.Unlock()
	out, err := s.dir.Create(name)
	if err != nil {
		return nil, err
	}
	return &fileWriter{out: out, name: name}, nil
}

// Write gathers small writes into large ones.
func (w *fileWriter) Write(p []byte) (int, error) {
	w.size += int64(len(p))
	w.crc = crc32.Update(w.crc, castagnoli, p)
	if len(w.buf)+len(p) <= fileBuffer {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	if len(p) < fileBuffer {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	return w.out.Write(p)
}

func (w *fileWriter) flush() error {
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *fileWriter) commit() error {
	w.buf = binary.LittleEndian.AppendUint32(w.buf, w.crc)
	err := w.flush()
	w.buf = nil
	if err != nil {
		return err
	}
	return w.out.Commit()
}

func (w *fileWriter) discard() { w.out.Discard() }

// DamagedError says that a block's file does not hold what was written to it.
type DamagedError struct {
	ID   ids.BlockID
	Path string
	Why  string
}

// Error names the block, the file and what is wrong with it.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%v is damaged on disk (%s): %s", e.ID, e.Path, e.Why)
}

// openFile opens a block's file and verifies all of it.
func (s *Store) openFile(id ids.BlockID, name string, size int64) (*disk.Reader, error) {
	f, err := s.dir.Open(name)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, newFileReader(id, f, size), make([]byte, min(fileBuffer, size+1))); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// fileReader reads a block's file from its front and ends with io.EOF only if the checksum is right.
type fileReader struct {
	id   ids.BlockID
	file *disk.Reader
	size int64
	at   int64
	crc  uint32
}

func newFileReader(id ids.BlockID, f *disk.Reader, size int64) *fileReader {
	return &fileReader{id: id, file: f, size: size}
}

// Read gives the next bytes of the block.
func (r *fileReader) Read(p []byte) (int, error) {
	if r.at == r.size {
		return 0, r.end()
	}
	p = p[:min(int64(len(p)), r.size-r.at)]
	n, err := r.file.ReadAt(p, r.at)
	r.at += int64(n)
	r.crc = crc32.Update(r.crc, castagnoli, p[:n])
	if errors.Is(err, io.EOF) {
		return n, r.damaged(fmt.Sprintf("it ends after %d of %d bytes", r.at, r.size))
	}
	return n, err
}

func (r *fileReader) end() error {
	var want [trailer]byte
	if _, err := r.file.ReadAt(want[:], r.size); err != nil {
		if errors.Is(err, io.EOF) {
			return r.damaged("its checksum is missing")
		}
		return err
	}
	if binary.LittleEndian.Uint32(want[:]) != r.crc {
		return r.damaged("its checksum is wrong")
	}
	return io.EOF
}

func (r *fileReader) damaged(why string) error {
	return &DamagedError{ID: r.id, Path: r.file.File.Name(), Why: why}
}
