package transport

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// The frames of a block connection; docs/wire.md describes the bytes.
const (
	greeting    = "KilnBlk1" // the first bytes that each end sends
	headBytes   = 24
	largestData = 1 << 20 // in one frame
	frameData   = 256 << 10
	idBytes     = 17
	mostBlocks  = largestData / idBytes // in one request
	largestText = 4 << 10
	// largestBlock is the largest block that there may be.
	largestBlock = 4 << 30
	// mostWindow is the most bytes that a receiver may let a sender send ahead.
	mostWindow = 1 << 30
)

// kind tells what a frame is for.
type kind uint8

const (
	kindAsk     kind = iota + 1 // client: these blocks are wanted; number is their count
	kindGrant                   // client: number more bytes of data may be sent
	kindBlock                   // server: the next block begins; number is its size
	kindMore                    // server: the block goes on
	kindMissing                 // server: the next block is not here; the data says why
	kindFailed                  // server: the block can not be read, or not to its end; the data says why
)

// sealed marks a block whose last four bytes are the CRC-32C, little endian, of all before them. Its frames have no checksum of
// their data, so that a server may send the data without looking at it, and the receiver checks the block as a whole.
const sealed = 1

// head is what stands before the data of a frame.
type head struct {
	kind   kind
	flags  uint8
	length uint32 // of the data
	number uint64
	sum    uint32 // CRC-32C of the data; 0 when sealed
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorruptFrame is in the error about data that was damaged on its way, or already where it was stored.
var ErrCorruptFrame = errors.New("damaged data")

// errProtocol is in the error about a peer that does not keep to the protocol: its connection is closed.
var errProtocol = errors.New("the other end does not speak the block protocol")

func (h head) append(b []byte) []byte {
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, h.length)
	b = append(b, byte(h.kind), h.flags, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, h.number)
	b = binary.LittleEndian.AppendUint32(b, h.sum)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
}

// parseHead checks all that can be checked without knowing what came before.
func parseHead(b []byte) (head, error) {
	b = b[:headBytes]
	if crc32.Checksum(b[:20], castagnoli) != binary.LittleEndian.Uint32(b[20:]) {
		return head{}, fmt.Errorf("%w: the head of a frame was damaged", errProtocol)
	}
	h := head{
		length: binary.LittleEndian.Uint32(b), kind: kind(b[4]), flags: b[5],
		number: binary.LittleEndian.Uint64(b[8:]), sum: binary.LittleEndian.Uint32(b[16:]),
	}
	limit := uint64(largestData)
	switch h.kind {
	case kindAsk:
		if h.number == 0 || h.number > mostBlocks || uint64(h.length) != h.number*idBytes {
			return head{}, fmt.Errorf("%w: a request for %d blocks in %d bytes", errProtocol, h.number, h.length)
		}
	case kindGrant:
		limit = 0
		if h.number == 0 || h.number > mostWindow {
			return head{}, fmt.Errorf("%w: a grant of %d bytes", errProtocol, h.number)
		}
	case kindBlock:
		if h.number > largestBlock {
			return head{}, fmt.Errorf("%w: a block of %d bytes, %d are the most", errProtocol, h.number, int64(largestBlock))
		}
		limit = min(limit, h.number)
	case kindMissing, kindFailed:
		limit = largestText
	case kindMore:
	default:
		return head{}, fmt.Errorf("%w: a frame of kind %d", errProtocol, h.kind)
	}
	if uint64(h.length) > limit || b[6] != 0 || b[7] != 0 || h.flags&^sealed != 0 {
		return head{}, fmt.Errorf("%w: a frame of kind %d and flags %d with %d bytes", errProtocol, h.kind, h.flags, h.length)
	}
	return h, nil
}

// readHead gives io.EOF when the peer closed its connection between two frames.
func readHead(r *bufio.Reader) (head, error) {
	b, err := r.Peek(headBytes)
	if err != nil {
		if err == io.EOF && len(b) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return head{}, err
	}
	h, err := parseHead(b)
	if err != nil {
		return head{}, err
	}
	_, err = r.Discard(headBytes)
	return h, err
}

// whole makes the end of a connection inside a frame an unexpected one.
func whole(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func greet(r io.Reader) error {
	var b [len(greeting)]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return err
	}
	if string(b[:]) != greeting {
		return fmt.Errorf("%w: it began with %q", errProtocol, b[:])
	}
	return nil
}

func appendID(b []byte, id ids.BlockID) []byte {
	b = append(b, byte(id.Kind))
	b = binary.LittleEndian.AppendUint64(b, uint64(id.A))
	b = binary.LittleEndian.AppendUint32(b, uint32(id.B))
	return binary.LittleEndian.AppendUint32(b, uint32(id.C))
}

// parseID takes any bytes: a block that can not be is simply not there.
func parseID(b []byte) ids.BlockID {
	b = b[:idBytes]
	return ids.BlockID{
		Kind: ids.BlockKind(b[0]), A: int64(binary.LittleEndian.Uint64(b[1:])),
		B: int32(binary.LittleEndian.Uint32(b[9:])), C: int32(binary.LittleEndian.Uint32(b[13:])),
	}
}
