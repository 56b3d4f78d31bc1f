package source

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxWindow bounds what a zstd stream can make us hold: as much as "zstd --long" asks for.
const maxWindow = 128 << 20

// opener begins to decompress a stream. It works in the calling goroutine only.
type opener func(io.Reader) (io.ReadCloser, error)

// openers are the compressions that are known, by extension. None of them can be cut.
var openers = map[string]opener{
	".gz":  func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(buffered(r)) },
	".bz2": func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(buffered(r))), nil },
	".s2":  func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(s2.NewReader(r)), nil },
	".lz4": func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(lz4.NewReader(buffered(r))), nil },
	".zst": func(r io.Reader) (io.ReadCloser, error) {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	},
}

// decompressor gives nil for a file that is not compressed.
func decompressor(name string) opener { return openers[strings.ToLower(path.Ext(name))] }

func buffered(r io.Reader) io.Reader { return bufio.NewReaderSize(r, 64<<10) }

// plainly puts what decompressors say of the commonest damage into words.
func plainly(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		return errors.New("the compressed data ends too early: the file is incomplete")
	}
	return err
}
