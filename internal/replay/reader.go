package replay

import (
	"encoding/binary"
	"errors"
)

// reader takes values from a payload. After the first problem it gives zero values.
type reader struct {
	data []byte // what is left
	none []byte // zero bytes that stand for opaque ones
	err  error
}

func (r *reader) fail(why string) {
	if r.err == nil {
		r.err, r.data = errors.New(why), nil
	}
}

// take gives the next n bytes, or nil when there are not so many.
func (r *reader) take(n int) []byte {
	if n > len(r.data) || n < 0 {
		r.fail("a record is cut off")
		return nil
	}
	taken := r.data[:n:n]
	r.data = r.data[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.data = r.data[size:]
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.data)
	if size <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.data = r.data[size:]
	return n
}

// number gives how many items follow, of at least so many bytes each; what is left bounds it.
func (r *reader) number(least int) int {
	n := r.uvarint()
	if n > uint64(len(r.data)/least) {
		r.fail("a list is cut off")
		return 0
	}
	return int(n)
}

// count is number for what may be nil.
func (r *reader) count(least int) (n int, there bool) {
	one := r.uvarint()
	if one == 0 {
		return 0, false
	}
	if one-1 > uint64(len(r.data)/least) {
		r.fail("a list is cut off")
		return 0, false
	}
	return int(one - 1), true
}

// zeros gives n zero bytes. Nobody writes to them: they are shared.
func (r *reader) zeros(n int) []byte {
	if n > len(r.none) || r.none == nil {
		r.none = make([]byte, max(n, 2*len(r.none), 1))
	}
	return r.none[:n:n]
}
