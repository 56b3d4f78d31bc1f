package codec

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Mix mixes n values that lie stride bytes apart into one hash each. What is encoded counts and nothing else: equal encodings of a
// value mix alike in every process, unequal ones hardly ever. The hashes are no defence against somebody who looks for collisions,
// and may change with a version. Numbers, text, and slices, arrays and structs of them take about a nanosecond per number; whatever
// else there is, such as maps and pointers, is encoded value by value. The error is that of Append.
func (c *Codec) Mix(base unsafe.Pointer, n int, stride uintptr, into []uint64) error {
	if n == 0 {
		return nil
	}
	e := appendings.Get().(*appending)
	defer e.done()
	e.guard = guard{codec: c, base: base, rows: n}
	return mix(c.col, e, base, n, stride, into[:n])
}

// A mixer is a column that need not be encoded to be mixed.
type mixer interface {
	mix(e *appending, base unsafe.Pointer, n int, stride uintptr, into []uint64) error
}

func mix(c column, e *appending, base unsafe.Pointer, n int, stride uintptr, into []uint64) error {
	if m, ok := c.(mixer); ok {
		return m.mix(e, base, n, stride, into)
	}
	buf := e.text
	defer func() { e.text = buf }()
	for i := range into {
		var err error
		if buf, err = c.append(e, buf[:0], unsafe.Add(base, uintptr(i)*stride), 1, stride); err != nil {
			return err
		}
		into[i] = fold(mixBytes(into[i], buf), uint64(len(buf)))
	}
	return nil
}

const odd = 0x9e3779b97f4a7c15

// fold mixes one word into a hash: both halves of a product, so that every bit of one counts in every bit of the other.
func fold(h, v uint64) uint64 {
	high, low := bits.Mul64(h^v, odd)
	return high ^ low
}

// mixBytes mixes bytes, but not their number.
func mixBytes(h uint64, b []byte) uint64 {
	switch n := len(b); {
	case n >= 8:
		for ; len(b) > 8; b = b[8:] {
			h = fold(h, binary.LittleEndian.Uint64(b))
		}
		// The last eight bytes are there, whatever of them was mixed before.
		return fold(h, binary.LittleEndian.Uint64(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), len(b)-8)), 8)))
	case n >= 4:
		return fold(h, uint64(binary.LittleEndian.Uint32(b))|uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32)
	case n > 0:
		return fold(h, uint64(b[0])|uint64(b[n/2])<<8|uint64(b[n-1])<<16)
	}
	return h
}

func (integers[T]) mix(_ *appending, base unsafe.Pointer, _ int, stride uintptr, into []uint64) error {
	var off uintptr
	for i, h := range into {
		into[i] = fold(h, uint64(*(*T)(unsafe.Add(base, off))))
		off += stride
	}
	return nil
}

func (r raw) mix(_ *appending, base unsafe.Pointer, _ int, stride uintptr, into []uint64) error {
	var off uintptr
	for i, h := range into {
		at := unsafe.Add(base, off)
		off += stride
		if r.size == 8 {
			into[i] = fold(h, *(*uint64)(at))
			continue
		}
		into[i] = mixBytes(h, unsafe.Slice((*byte)(at), r.size))
	}
	return nil
}

func (bools) mix(e *appending, base unsafe.Pointer, n int, stride uintptr, into []uint64) error {
	return raw{1}.mix(e, base, n, stride, into)
}

func (text) mix(_ *appending, base unsafe.Pointer, _ int, stride uintptr, into []uint64) error {
	var off uintptr
	for i, h := range into {
		r := (*run)(unsafe.Add(base, off))
		off += stride
		into[i] = mixBytes(fold(h, uint64(r.len)), unsafe.Slice((*byte)(r.data), r.len))
	}
	return nil
}

func (byteSlices) mix(_ *appending, base unsafe.Pointer, _ int, stride uintptr, into []uint64) error {
	var off uintptr
	for i, h := range into {
		r := (*run)(unsafe.Add(base, off))
		off += stride
		into[i] = mixBytes(fold(h, r.marked()), unsafe.Slice((*byte)(r.data), r.len))
	}
	return nil
}

// marked is the length of a slice plus one, and zero for nil.
func (r *run) marked() uint64 {
	if r.data == nil {
		return 0
	}
	return uint64(r.len) + 1
}

func (s *structure) mix(e *appending, base unsafe.Pointer, n int, stride uintptr, into []uint64) error {
	for i := range s.fields {
		f := &s.fields[i]
		if err := mix(f.column, e, unsafe.Add(base, f.offset), n, stride, into); err != nil {
			return err
		}
	}
	return nil
}

func (a *array) mix(e *appending, base unsafe.Pointer, n int, stride uintptr, into []uint64) error {
	for i := range a.n {
		if err := mix(a.elem, e, unsafe.Add(base, uintptr(i)*a.size), n, stride, into); err != nil {
			return err
		}
	}
	return nil
}

// mix takes slices of flat elements without gaps as bytes; the elements of others get a hash each, from which that of the slice is made.
func (s *slices) mix(e *appending, base unsafe.Pointer, _ int, stride uintptr, into []uint64) error {
	var off uintptr
	for i, h := range into {
		r := (*run)(unsafe.Add(base, off))
		off += stride
		h = fold(h, r.marked())
		switch {
		case r.len == 0 || s.size == 0:
		case s.of.plain || isInteger(s.elem):
			h = mixBytes(h, unsafe.Slice((*byte)(r.data), uintptr(r.len)*s.size))
		default:
			each := e.numbers(r.len)
			clear(each)
			if err := mix(s.elem, e, r.data, r.len, s.size, each); err != nil {
				return err
			}
			for _, v := range each {
				h = fold(h, v)
			}
			e.giveBack(each)
		}
		into[i] = h
	}
	return nil
}

// isInteger says that the memory of values is all there is to them.
func isInteger(c column) bool {
	switch c.(type) {
	case integers[int], integers[int16], integers[int32], integers[int64],
		integers[uint], integers[uint16], integers[uint32], integers[uint64], integers[uintptr]:
		return true
	}
	return false
}
