package codec

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// ReadBlock reads exactly one block from a stream into buf, which is grown as data arrives. It gives io.EOF at the end of the
// stream, and ErrCorrupt when the stream ends inside a block or holds something else. The checksum is left to Decoder.Next.
func ReadBlock(r *bufio.Reader, buf []byte) ([]byte, error) {
	buf = extend(buf[:0], headSize)
	if n, err := io.ReadFull(r, buf); err != nil {
		if n == 0 && errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, cutShort(err)
	}
	h, err := readHead(buf)
	if err != nil {
		return nil, err
	}
	for want := headSize + h.stored; len(buf) < want; {
		at := len(buf)
		buf = extend(buf, min(want-at, max(1<<20, at))) // never much more than has arrived
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			return nil, cutShort(err)
		}
	}
	return buf, nil
}

// CheckBlocks says whether src is whole blocks as they were written, by their checksums: nil, or an error that wraps ErrCorrupt. What is
// in them, and of which type, it does not look at.
func CheckBlocks(src []byte) error {
	for len(src) > 0 {
		h, err := readHead(src)
		if err != nil {
			return err
		}
		if src, err = h.after(src); err != nil {
			return err
		}
	}
	return nil
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the stream ends inside a block", ErrCorrupt)
	}
	return err
}
