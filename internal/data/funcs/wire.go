package funcs

import (
	"encoding/binary"
	"errors"
	"unsafe"
)

// maxText bounds the names and type strings that are believed: instances over deep types have long ones.
const maxText = 64 << 10

var errShort = errors.New("a function or operator reference is cut short")

func appendOffset(dst []byte, n int64) []byte { return binary.AppendUvarint(dst, uint64(n)) }

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// appendSized appends what write appends, behind its length.
func appendSized(dst []byte, write func([]byte) ([]byte, error)) ([]byte, error) {
	// The length is written into room for a fixed number of bytes, so that nothing is encoded twice or moved.
	start := len(dst)
	dst, err := write(append(dst, 0, 0, 0, 0))
	if err != nil {
		return dst, err
	}
	n := len(dst) - start - 4
	if uint64(n) > 1<<32-1 {
		return dst, errors.New("a field of an operator takes more than 4 GiB")
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(n))
	return dst, nil
}

// reader takes a message apart. After the first error it gives zero values only.
type reader struct {
	src []byte
	err error
}

func (r *reader) bytes(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.src)) {
		r.fail(errShort)
		return nil
	}
	b := r.src[:n:n]
	r.src = r.src[n:]
	return b
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err, r.src = err, nil
	}
}

func (r *reader) uint() uint64 {
	n, used := binary.Uvarint(r.src)
	if used <= 0 {
		r.fail(errShort)
		return 0
	}
	r.src = r.src[used:]
	return n
}

// text gives a string that aliases src.
func (r *reader) text() string {
	n := r.uint()
	if n > maxText {
		r.fail(errors.New("a function or operator reference has a name longer than any"))
	}
	b := r.bytes(n)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (r *reader) fixed32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) sized() []byte { return r.bytes(uint64(r.fixed32())) }

func (r *reader) ref() Ref {
	return Ref{Offset: int64(r.uint()), Name: r.text(), Type: r.text()}
}

// clip shortens foreign text for error messages.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
