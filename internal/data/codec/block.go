package codec

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
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

const (
	smallBlock  = 256     // bytes; less is not worth compressing
	keepColumns = 4 << 20 // scratch above this is left to the garbage collector
)

// AppendBlock appends n rows, which begin at base, as one block. After an error dst is as it was.
func (e *Encoder) AppendBlock(dst []byte, base unsafe.Pointer, n int) ([]byte, error) {
	if n > MaxRows {
		return dst, fmt.Errorf("%d rows in one block, %d are the most", n, MaxRows)
	}
	head := len(dst)
	dst = extend(dst, headSize)
	trying := e.comp != None && e.skip == 0
	var err error
	if trying {
		e.raw, err = e.codec.Append(e.raw[:0], base, n)
	} else {
		dst, err = e.codec.Append(dst, base, n)
		e.skip = max(0, e.skip-1)
	}
	if err != nil {
		return dst[:head], err
	}
	used, size := None, len(dst)-head-headSize
	if trying {
		size = len(e.raw)
	}
	if size > MaxBlock {
		return dst[:head], fmt.Errorf("%d rows of %v take %d bytes, %d are the most in one block: make the rows smaller", n, e.codec.typ, size, MaxBlock)
	}
	if trying {
		dst, used = e.pack(dst, e.raw)
	}
	putHead(dst[head:], used, n, size, e.codec.fingerprint)
	if cap(e.raw) > keepColumns {
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
	binary.LittleEndian.PutUint32(b[24:], checksum(b[:24], b[headSize:]))
}

func checksum(head, stored []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, stored)
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
	if h.rows > MaxRows || h.raw > MaxBlock || h.stored > h.raw || h.comp == None && h.stored != h.raw || h.comp > LZ4 {
		return h, fmt.Errorf("%w: a block of %d rows in %d bytes, stored in %d by %v", ErrCorrupt, h.rows, h.raw, h.stored, h.comp)
	}
	if flags := binary.LittleEndian.Uint32(b[20:]); flags != 0 {
		return h, fmt.Errorf("%w: flags %#x are not known", ErrCorrupt, flags)
	}
	return h, nil
}

// after gives what follows the block of which h is the head, if it is there as it was written.
func (h *head) after(src []byte) (rest []byte, err error) {
	if h.stored > len(src)-headSize {
		return nil, fmt.Errorf("%w: a block of %d bytes, %d are here", ErrCorrupt, h.stored, len(src)-headSize)
	}
	if checksum(src[:24], src[headSize:headSize+h.stored]) != h.check {
		return nil, fmt.Errorf("%w: the checksum of a block of %d bytes is wrong", ErrCorrupt, h.stored)
	}
	return src[headSize+h.stored:], nil
}

// Decoder opens blocks of rows of one type. It keeps scratch memory and is not safe for concurrent use.
type Decoder struct {
	codec *Codec
	raw   []byte // of the last block that NextRows opened, if no row refers to it
}

// NewDecoder gives a decoder for c's type.
func NewDecoder(c *Codec) *Decoder { return &Decoder{codec: c} }

// Block is an opened block: verified and decompressed, its rows not decoded yet.
type Block struct {
	Rows    int
	columns []byte
	fresh   bool // decompressed, no part of the source
}

// Next opens the block at the front of src and gives what follows it. Decoded strings will alias src where the block was not
// compressed, so src must not change any more.
func (d *Decoder) Next(src []byte) (b Block, rest []byte, err error) { return d.next(src, nil) }

// next is Next that may decompress into buf.
func (d *Decoder) next(src, buf []byte) (b Block, rest []byte, err error) {
	h, err := readHead(src)
	if err != nil {
		return b, nil, err
	}
	rest, err = h.after(src)
	if err != nil {
		return b, nil, err
	}
	body := src[headSize : headSize+h.stored : headSize+h.stored]
	if h.fingerprint != d.codec.fingerprint {
		return b, nil, fmt.Errorf("%w: the block does not hold rows of %v", ErrCorrupt, d.codec.typ)
	}
	if h.comp != None {
		if body, err = h.comp.decompress(buf, body, h.raw); err != nil {
			return b, nil, err
		}
	}
	check := decoding{src: body}
	if !check.plausible(h.rows, d.codec.size, d.codec.col) {
		return b, nil, check.err
	}
	return Block{Rows: h.rows, columns: body, fresh: h.comp != None}, rest, nil
}

// Rows decodes the rows of a block into b.Rows zeroed rows at base.
func (d *Decoder) Rows(ctx any, b Block, base unsafe.Pointer) error {
	return d.codec.Decode(ctx, b.columns, base, b.Rows)
}

// scratch lends memory for the columns of a block, if its rows will not refer to them.
func (d *Decoder) scratch() []byte {
	if d.codec.traits.alias {
		return nil
	}
	return d.raw
}

// keep remembers the columns of a block that has been decoded, for the next one to be decompressed into.
func (d *Decoder) keep(b Block) {
	if b.fresh && !d.codec.traits.alias && cap(b.columns) <= keepColumns {
		d.raw = b.columns
	}
}
