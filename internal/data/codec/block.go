package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unsafe"
)

// The head of a block, little endian; docs/format-block.md describes it.
const (
	headSize   = 28
	blockMagic = 0x4c4b // "KL"
	version    = 1

	// MaxBlock is the most bytes that the columns of one block take.
	MaxBlock = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encoder makes blocks of rows of one type. It keeps scratch memory and is not safe for concurrent use.
type Encoder struct {
	codec *Codec
	comp  Compression
	raw   []byte
	skip  int // blocks that are not worth trying to compress, after one that did not shrink
	fails int
}

// NewEncoder gives an encoder that compresses by comp where that pays.
func NewEncoder(c *Codec, comp Compression) *Encoder { return &Encoder{codec: c, comp: comp} }

// smallBlock is too small for compression to pay.
const smallBlock = 256

// AppendBlock appends n rows, which begin at base, as one block.
func (e *Encoder) AppendBlock(dst []byte, base unsafe.Pointer, n int) ([]byte, error) {
	if n > MaxRows {
		return dst, fmt.Errorf("%d rows in one block, %d are the most", n, MaxRows)
	}
	head := len(dst)
	dst = extend(dst, headSize)
	trying := e.comp != None && e.skip == 0
	var err error
	var raw []byte
	if trying {
		e.raw, err = e.codec.Append(e.raw[:0], base, n)
		raw = e.raw
	} else {
		dst, err = e.codec.Append(dst, base, n)
		e.skip = max(0, e.skip-1)
	}
	if err != nil {
		return dst[:head], err
	}
	used, size := None, len(dst)-head-headSize
	if trying {
		size = len(raw)
		dst, used = e.pack(dst, raw)
	}
	if size > MaxBlock {
		return dst[:head], fmt.Errorf("rows of %d bytes in one block, %d are the most: a single row must be smaller", size, MaxBlock)
	}
	putHead(dst[head:], used, n, size, e.codec.fingerprint)
	if cap(e.raw) > 4<<20 {
		e.raw = nil // one huge row should not hold on to memory
	}
	return dst, nil
}

// pack appends raw to dst, compressed if that helps. When it does not, the next blocks are not tried: twice as many each time.
func (e *Encoder) pack(dst, raw []byte) ([]byte, Compression) {
	at := len(dst)
	if len(raw) >= smallBlock {
		packed, ok := e.comp.compress(dst, raw)
		if ok {
			e.fails = 0
			return packed, e.comp
		}
		dst = packed[:at]
		e.fails = min(e.fails+1, 5)
		e.skip = 1 << e.fails
	}
	return append(dst, raw...), None
}

func putHead(b []byte, comp Compression, rows, size int, fingerprint uint32) {
	binary.LittleEndian.PutUint16(b, blockMagic)
	b[2], b[3] = version, byte(comp)
	binary.LittleEndian.PutUint32(b[4:], uint32(rows))
	binary.LittleEndian.PutUint32(b[8:], uint32(size))
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)-headSize))
	binary.LittleEndian.PutUint32(b[16:], fingerprint)
	binary.LittleEndian.PutUint32(b[20:], 0)
	sum := crc32.Update(crc32.Checksum(b[:24], castagnoli), castagnoli, b[headSize:])
	binary.LittleEndian.PutUint32(b[24:], sum)
}

// head is what a block says of itself.
type head struct {
	comp               Compression
	rows, raw, stored  int
	fingerprint, check uint32
}

func readHead(b []byte) (h head, err error) {
	if len(b) < headSize {
		return h, fmt.Errorf("%w: a block of %d bytes", ErrCorrupt, len(b))
	}
	if binary.LittleEndian.Uint16(b) != blockMagic {
		return h, fmt.Errorf("%w: no block begins here", ErrCorrupt)
	}
	if b[2] != version {
		return h, fmt.Errorf("%w: a block of version %d, this program knows %d", ErrCorrupt, b[2], version)
	}
	h = head{
		comp: Compression(b[3]), rows: int(binary.LittleEndian.Uint32(b[4:])), raw: int(binary.LittleEndian.Uint32(b[8:])),
		stored: int(binary.LittleEndian.Uint32(b[12:])), fingerprint: binary.LittleEndian.Uint32(b[16:]), check: binary.LittleEndian.Uint32(b[24:]),
	}
	if h.rows > MaxRows || h.raw > MaxBlock || h.stored > MaxBlock || h.stored > h.raw || h.comp == None && h.stored != h.raw {
		return h, fmt.Errorf("%w: a block of %d rows in %d bytes, stored in %d", ErrCorrupt, h.rows, h.raw, h.stored)
	}
	return h, nil
}

// Decoder opens blocks of rows of one type. It is not safe for concurrent use.
type Decoder struct{ codec *Codec }

// NewDecoder gives a decoder for c's type.
func NewDecoder(c *Codec) *Decoder { return &Decoder{c} }

// Block is an opened block: verified and decompressed, its rows not decoded yet.
type Block struct {
	Rows    int
	columns []byte
}

// Next opens the block at the front of src and gives what follows it. Decoded strings will alias src where the block was not
// compressed, so src must not change any more.
func (d *Decoder) Next(src []byte) (b Block, rest []byte, err error) {
	h, err := readHead(src)
	if err != nil {
		return b, nil, err
	}
	if h.stored > len(src)-headSize {
		return b, nil, fmt.Errorf("%w: a block of %d bytes, %d are here", ErrCorrupt, h.stored, len(src)-headSize)
	}
	body := src[headSize : headSize+h.stored : headSize+h.stored]
	if crc32.Update(crc32.Checksum(src[:24], castagnoli), castagnoli, body) != h.check {
		return b, nil, fmt.Errorf("%w: the checksum of a block of %d bytes is wrong", ErrCorrupt, h.stored)
	}
	if h.fingerprint != d.codec.fingerprint {
		return b, nil, fmt.Errorf("%w: the block does not hold rows of %v", ErrCorrupt, d.codec.typ)
	}
	if h.comp != None {
		if body, err = h.comp.decompress(body, h.raw); err != nil {
			return b, nil, err
		}
	}
	b = Block{Rows: h.rows, columns: body}
	check := decoding{src: body}
	if !check.plausible(b.Rows, d.codec.col.traits()) {
		return b, nil, check.err
	}
	return b, src[headSize+h.stored:], nil
}

// Rows decodes the rows of a block into b.Rows zeroed rows at base.
func (d *Decoder) Rows(ctx any, b Block, base unsafe.Pointer) error {
	return d.codec.Decode(ctx, b.columns, base, b.Rows)
}

// ReadBlock reads exactly one block from a stream into buf, which is grown as data arrives. It gives io.EOF at the end of the
// stream, and ErrCorrupt when the stream ends inside a block or holds something else.
func ReadBlock(r *bufio.Reader, buf []byte) ([]byte, error) {
	peek, err := r.Peek(headSize)
	if err != nil {
		if len(peek) == 0 && errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: the stream ends inside a block", ErrCorrupt)
		}
		return nil, err
	}
	h, err := readHead(peek)
	if err != nil {
		return nil, err
	}
	want := headSize + h.stored
	buf = buf[:0]
	for len(buf) < want {
		at := len(buf)
		buf = extend(buf, min(want-at, max(1<<20, at)))
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("%w: the stream ends inside a block", ErrCorrupt)
			}
			return nil, err
		}
	}
	return buf, nil
}
