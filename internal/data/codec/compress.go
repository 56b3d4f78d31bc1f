package codec

import (
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression is how the columns of a block are compressed.
type Compression uint8

// The compressions. S2 is fast and the default of every shuffle and spill; zstd is small.
const (
	None Compression = iota
	S2
	Zstd
	LZ4
)

var compressionNames = [...]string{None: "none", S2: "s2", Zstd: "zstd", LZ4: "lz4"}

// String gives the name that settings use.
func (c Compression) String() string {
	if int(c) < len(compressionNames) {
		return compressionNames[c]
	}
	return fmt.Sprintf("compression %d", uint8(c))
}

// ParseCompression reads a name.
func ParseCompression(name string) (Compression, error) {
	for c, n := range compressionNames {
		if n == name {
			return Compression(c), nil
		}
	}
	return 0, fmt.Errorf("no compression %q: use s2, zstd, lz4 or none", name)
}

var zstdEncoders = sync.Pool{New: func() any {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constant
	}
	return e
}}

var zstdDecoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBlock))
	if err != nil {
		panic(err)
	}
	return d
}}

// compress appends src compressed to dst, or reports that it does not shrink.
func (c Compression) compress(dst, src []byte) ([]byte, bool) {
	at := len(dst)
	switch c {
	case S2:
		need := s2.MaxEncodedLen(len(src))
		if need < 0 {
			return dst, false
		}
		dst = extend(dst, need)
		dst = dst[:at+len(s2.Encode(dst[at:], src))]
	case Zstd:
		e := zstdEncoders.Get().(*zstd.Encoder)
		dst = e.EncodeAll(src, dst)
		zstdEncoders.Put(e)
	case LZ4:
		dst = extend(dst, lz4.CompressBlockBound(len(src)))
		n, err := lz4.CompressBlock(src, dst[at:], nil)
		if err != nil || n == 0 {
			return dst[:at], false
		}
		dst = dst[:at+n]
	default:
		return dst, false
	}
	return dst, len(dst)-at <= len(src)-len(src)/10
}

// decompress fills buf, if it is large enough, or else a fresh buffer with the size bytes that the header promised and the checksum
// vouched for.
func (c Compression) decompress(buf, src []byte, size int) ([]byte, error) {
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	switch c {
	case S2:
		if n, err := s2.DecodedLen(src); err != nil || n != size {
			return nil, fmt.Errorf("%w: s2 data of another length", ErrCorrupt)
		}
		b, err := s2.Decode(buf, src)
		return b, corrupt(err)
	case Zstd:
		d := zstdDecoders.Get().(*zstd.Decoder)
		defer zstdDecoders.Put(d)
		b, err := d.DecodeAll(src, buf[:0])
		if err == nil && len(b) != size {
			err = errors.New("zstd data of another length")
		}
		return b, corrupt(err)
	case LZ4:
		n, err := lz4.UncompressBlock(src, buf)
		if err == nil && n != size {
			err = errors.New("lz4 data of another length")
		}
		return buf, corrupt(err)
	}
	return nil, fmt.Errorf("%w: %v is not known", ErrCorrupt, c)
}

func corrupt(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}
