package block

import "github.com/kilnproject/kiln/internal/core/mem"

// Encoded bytes are gathered in chunks that grow from the first to the last size, and shrink to the smallest where memory ends.
const (
	firstChunk    = 16 << 10
	lastChunk     = 4 << 20
	smallestChunk = 4 << 10
)

// encoder takes the encoded bytes of a block that is being stored. It asks for memory chunk by chunk; when that ends, it moves
// what it has into a file and goes on there, or gives up.
type encoder struct {
	store    *Store
	block    *block
	inMemory bool
	chunks   [][]byte
	held     int64 // the capacity of all chunks
	file     *fileWriter
}

// Write takes a part of the block; p is the caller's again afterwards.
func (e *encoder) Write(p []byte) (int, error) {
	total := len(p)
	for e.inMemory && len(p) > 0 {
		if n := len(e.chunks); n > 0 && len(e.chunks[n-1]) < cap(e.chunks[n-1]) {
			chunk := e.chunks[n-1]
			taken := min(len(p), cap(chunk)-len(chunk))
			e.chunks[n-1] = append(chunk, p[:taken]...)
			p = p[taken:]
		} else if !e.grow() {
			if err := e.overflow(); err != nil {
				return total - len(p), err
			}
		}
	}
	if len(p) == 0 {
		return total, nil
	}
	if e.file == nil {
		if err := e.overflow(); err != nil {
			return total - len(p), err
		}
	}
	if _, err := e.file.Write(p); err != nil {
		return total - len(p), err
	}
	return total, nil
}

func (e *encoder) grow() bool {
	size := int64(firstChunk)
	if n := len(e.chunks); n > 0 {
		size = min(2*int64(cap(e.chunks[n-1])), lastChunk)
	}
	for !e.store.reserve(size, rddOf(e.block.id)) {
		if size /= 2; size < smallestChunk {
			return false
		}
	}
	e.chunks = append(e.chunks, make([]byte, 0, size))
	e.held += size
	return true
}

// overflow goes on in a file.
func (e *encoder) overflow() (err error) {
	if !e.block.level.Disk() {
		return errNoMemory
	}
	e.inMemory = false
	if e.file, err = e.store.newFile(e.block.id); err != nil {
		return err
	}
	for _, c := range e.chunks {
		if _, err := e.file.Write(c); err != nil {
			return err
		}
	}
	e.release(e.held)
	e.chunks = nil
	return nil
}

// finish hands over to the block what was written.
func (e *encoder) finish() error {
	if e.file == nil && !e.inMemory { // an empty block
		if err := e.overflow(); err != nil {
			return err
		}
	}
	if e.file != nil {
		if err := e.file.commit(); err != nil {
			return err
		}
		e.block.file, e.block.diskSize = e.file.name, e.file.size
		return nil
	}
	if len(e.chunks) == 0 && !e.grow() {
		return errNoMemory
	}
	n := len(e.chunks) - 1
	tail := append(make([]byte, 0, len(e.chunks[n])), e.chunks[n]...)
	spare := min(int64(cap(e.chunks[n])-cap(tail)), e.held-1) // a block in memory holds at least one byte
	e.chunks[n] = tail
	e.release(spare)
	e.block.chunks, e.block.held = e.chunks, e.held
	return nil
}

func (e *encoder) discard() {
	if e.file != nil {
		e.file.discard()
	}
	e.release(e.held)
}

func (e *encoder) release(n int64) {
	if n > 0 {
		e.store.cfg.Memory.ReleaseStorage(mem.Bytes(n))
		e.held -= n
	}
}
