package transport

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// ErrNotFound is in the error about a block that the server does not have. A Provider says so with it.
var ErrNotFound = errors.New("there is no such block")

// Provider is a store of blocks, as a server or LocalFetcher reads it. It is called from many goroutines.
type Provider interface {
	// OpenBlock gives a block for reading. The id may be any at all, also one that can not be. The error wraps ErrNotFound when there is no such block;
	// any other means that it can not be read.
	OpenBlock(id ids.BlockID) (Block, error)
}

// Block is a block that is open for reading: bytes in memory or a part of a file.
type Block struct {
	Data []byte   // when File is nil; it must stay as it is until Release
	Sums []uint32 // what Sums gives for Data, when it is known already; nil otherwise

	File         *os.File // shared, read at offsets only
	Offset, Size int64    // the part of File

	// Sealed says that the last four bytes of the block are the CRC-32C, little endian, of all before them; an empty block has
	// none. A sealed part of a file is sent by the kernel, without being read into memory first, and its receiver checks it.
	Sealed bool
	// Release, if not nil, is called once when the block is no longer read.
	Release func()
}

// length is the block's size in bytes.
func (b *Block) length() int64 {
	if b.File == nil {
		return int64(len(b.Data))
	}
	return b.Size
}

func (b *Block) release() {
	if b.Release != nil {
		b.Release()
	}
}

// readAt fills p from offset at of the block.
func (b *Block) readAt(p []byte, at int64) error {
	if b.File == nil {
		copy(p, b.Data[at:])
		return nil
	}
	_, err := b.File.ReadAt(p, b.Offset+at)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s ends before byte %d", b.File.Name(), b.Offset+at+int64(len(p)))
	}
	return err
}

// Fetcher brings blocks.
type Fetcher interface {
	// Fetch asks the server at addr for blocks and calls got once for each, in their order, one call at a time and none after it
	// has returned: with data, which is got's from then on, or with an error that wraps ErrNotFound or ErrCorruptFrame or says
	// why that block can not be read. An error of Fetch itself means that the connection failed: the blocks for which got was not called
	// did not come. It wraps ErrGone when nobody listens at addr any more. When ctx ends, Fetch returns soon, with its cause.
	//
	// The server sends no faster than got returns. Several goroutines may fetch.
	Fetch(ctx context.Context, addr string, want []ids.BlockID, got func(i int, data []byte, err error)) error
	// FetchInto is Fetch to where the caller wants the data. Room is called with the size that the server says a block has, before
	// its data comes; it gives a slice of that length, of which got has the content then, or nil when it does not know where to.
	// What is in the slice before got is called means nothing, nor after got was called with an error.
	FetchInto(ctx context.Context, addr string, want []ids.BlockID, room func(i int, size int64) []byte, got func(i int, data []byte, err error)) error
}

// Sums gives the checksums that data travels with: the CRC-32C of each frame. A store that serves the same bytes many times computes
// them once.
func Sums(data []byte) []uint32 {
	sums := make([]uint32, 0, (len(data)+frameData-1)/frameData)
	for frame := range slices.Chunk(data, frameData) {
		sums = append(sums, crc32.Checksum(frame, castagnoli))
	}
	return sums
}
