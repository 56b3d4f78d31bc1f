package source

import (
	"context"
	"errors"
	"io"
	"strings"
	"unsafe"

	"github.com/kilnproject/kiln/storage"
)

const (
	// chunkSize is what is read at once. Rows alias their chunk, so each is allocated anew; at this size it is still in the
	// processor's cache when its rows are looked for.
	chunkSize = 256 << 10
	// minChunk spares a partition of a few bytes the price of a whole chunk.
	minChunk = 4 << 10
)

// errChanged is in the chain when a file is shorter than it was when it was listed.
var errChanged = errors.New("it ends earlier than when it was listed: something changed it while the job ran")

// feed reads the pieces of one split into chunks. A chunk is filled from the front and never written again where rows may look,
// so several small files share one.
type feed struct {
	ctx   context.Context
	read  *int64 // counts bytes as they come, decompressed; may be nil
	left  int64  // stored bytes of the split that are not yet read
	chunk []byte // what lies behind its length is free
}

// open opens a piece from offset on.
func (f *feed) open(p Piece, offset int64) (io.ReadCloser, error) {
	place, err := storage.For(p.Path)
	if err != nil {
		return nil, err
	}
	return place.Open(f.ctx, p.Path, offset, p.Offset+p.Length-offset)
}

// more reads once, up to want bytes, behind pending, which is the end of the chunk, and gives pending with what was read. When
// the chunk is full, pending moves to a new one. An error comes alone: with nothing read.
func (f *feed) more(r io.Reader, pending []byte, want int64) ([]byte, error) {
	if free := int64(cap(f.chunk) - len(f.chunk)); free < min(want, chunkSize/16) {
		f.move(pending, want)
	}
	start := len(f.chunk) - len(pending)
	room := f.chunk[len(f.chunk):min(int64(cap(f.chunk)), int64(len(f.chunk))+want)]
	for range 100 {
		n, err := r.Read(room)
		f.chunk = f.chunk[:len(f.chunk)+n]
		f.count(n)
		if n > 0 {
			return f.chunk[start:], nil // an error that came with bytes comes again
		}
		if err != nil {
			return f.chunk[start:], err
		}
	}
	return f.chunk[start:], io.ErrNoProgress
}

// move begins a chunk with pending in it.
func (f *feed) move(pending []byte, want int64) {
	room := min(max(want, f.left, minChunk), chunkSize)
	// A row that is longer than a chunk doubles it, so that its bytes are moved a few times and not thousands.
	room = max(room, int64(len(pending)))
	fresh := unwritten(len(pending) + int(room))[:len(pending)]
	copy(fresh, pending)
	f.chunk = fresh
}

func (f *feed) count(n int) {
	f.left -= int64(n)
	if f.read != nil {
		*f.read += int64(n)
	}
}

// failed names the file in an error of reading it, unless the storage has done so or the reading was called off.
func (f *feed) failed(op, path string, err error) error {
	if cause := context.Cause(f.ctx); cause != nil {
		return cause
	}
	var known *storage.Error
	if errors.As(err, &known) {
		return err
	}
	return &storage.Error{Op: op, Path: path, Err: err}
}

// unwritten gives a buffer whose bytes are not set to zero first, which would cost as much as half of the reading. A Builder is
// the one way to it: its underlying slice begins where its string does, and has its capacity.
func unwritten(size int) []byte {
	var b strings.Builder
	b.Grow(size)
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), b.Cap())
}
