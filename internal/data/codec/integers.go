package codec

import (
	"encoding/binary"
	"unsafe"
)

type integer interface {
	int | int16 | int32 | int64 | uint | uint16 | uint32 | uint64
}

// integers encodes whole numbers relative to the least of the batch, in as few bytes as the greatest distance needs: the least as
// a varint, the width, then the distances. The difference of two's complements is right for signed and unsigned alike.
type integers[T integer] struct{}

func (integers[T]) traits() traits { return traits{flat: true, bytes: true} }

func (integers[T]) append(_ *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	least, most := *(*T)(base), *(*T)(base)
	if stride == unsafe.Sizeof(least) {
		for _, v := range unsafe.Slice((*T)(base), n) {
			least, most = min(least, v), max(most, v)
		}
	} else {
		for i := 1; i < n; i++ {
			v := *(*T)(unsafe.Add(base, uintptr(i)*stride))
			least, most = min(least, v), max(most, v)
		}
	}
	width := widthOf(uint64(most)-uint64(least), n)
	dst = binary.AppendUvarint(dst, zigzag(int64(least)))
	dst = append(dst, byte(width))
	at := len(dst)
	dst = extend(dst, n*width)
	appendDistances(dst[at:], base, n, stride, least, width)
	return dst, nil
}

// appendDistances has one loop for each width, so that the compiler sees plain stores.
func appendDistances[T integer](out []byte, base unsafe.Pointer, n int, stride uintptr, least T, width int) {
	p := base
	switch width {
	case 1:
		for i := range out[:n] {
			p := unsafe.Add(p, uintptr(i)*stride)
			out[i] = byte(*(*T)(p) - least)
		}
	case 2:
		o := unsafe.Slice((*[2]byte)(unsafe.Pointer(unsafe.SliceData(out))), n)
		for i := range o {
			p := unsafe.Add(p, uintptr(i)*stride)
			binary.LittleEndian.PutUint16(o[i][:], uint16(*(*T)(p)-least))
		}
	case 4:
		o := unsafe.Slice((*[4]byte)(unsafe.Pointer(unsafe.SliceData(out))), n)
		for i := range o {
			p := unsafe.Add(p, uintptr(i)*stride)
			binary.LittleEndian.PutUint32(o[i][:], uint32(uint64(*(*T)(p))-uint64(least)))
		}
	case 8:
		o := unsafe.Slice((*[8]byte)(unsafe.Pointer(unsafe.SliceData(out))), n)
		for i := range o {
			p := unsafe.Add(p, uintptr(i)*stride)
			binary.LittleEndian.PutUint64(o[i][:], uint64(*(*T)(p))-uint64(least))
		}
	}
}

func (integers[T]) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	least, width := d.integerHeader(n)
	in := d.take(uint64(n) * uint64(width))
	if d.err != nil {
		return
	}
	l, p := T(least), base
	switch width {
	case 0:
		for i := range n {
			p := unsafe.Add(p, uintptr(i)*stride)
			*(*T)(p) = l
		}
	case 1:
		for i, b := range in {
			p := unsafe.Add(p, uintptr(i)*stride)
			*(*T)(p) = l + T(b)
		}
	case 2:
		for i, b := range unsafe.Slice((*[2]byte)(unsafe.Pointer(unsafe.SliceData(in))), n) {
			p := unsafe.Add(p, uintptr(i)*stride)
			*(*T)(p) = l + T(binary.LittleEndian.Uint16(b[:]))
		}
	case 4:
		for i, b := range unsafe.Slice((*[4]byte)(unsafe.Pointer(unsafe.SliceData(in))), n) {
			p := unsafe.Add(p, uintptr(i)*stride)
			*(*T)(p) = l + T(binary.LittleEndian.Uint32(b[:]))
		}
	case 8:
		for i, b := range unsafe.Slice((*[8]byte)(unsafe.Pointer(unsafe.SliceData(in))), n) {
			p := unsafe.Add(p, uintptr(i)*stride)
			*(*T)(p) = l + T(binary.LittleEndian.Uint64(b[:]))
		}
	}
}

func (integers[T]) detach(unsafe.Pointer, int, uintptr, *Arena)  {}
func (integers[T]) footprint(unsafe.Pointer, int, uintptr) int64 { return 0 }

// integerHeader reads the least value and the width of n distances.
func (d *decoding) integerHeader(n int) (least int64, width int) {
	v, w := binary.Uvarint(d.src)
	if w <= 0 || w >= len(d.src) {
		d.fail("a column of numbers has no head")
		return 0, 0
	}
	width = int(d.src[w])
	d.src = d.src[w+1:]
	if width > 8 || width&(width-1) != 0 || width == 0 && n > fewRows {
		d.fail("numbers of %d bytes", width)
		return 0, 0
	}
	return unzigzag(v), width
}

// widthOf gives the bytes that hold a distance: 0, 1, 2, 4 or 8. Many equal values take a byte each, see fewRows.
func widthOf(distance uint64, n int) int {
	switch {
	case distance == 0 && n <= fewRows:
		return 0
	case distance < 1<<8:
		return 1
	case distance < 1<<16:
		return 2
	case distance < 1<<32:
		return 4
	}
	return 8
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// extend lengthens dst by n bytes of any content.
func extend(dst []byte, n int) []byte {
	if cap(dst)-len(dst) < n {
		dst = append(dst, make([]byte, n)...)
		return dst
	}
	return dst[:len(dst)+n]
}

// appendLengths encodes numbers that are not rows themselves: lengths, with zero for nil and one more than the length otherwise.
func appendLengths(dst []byte, lengths []uint64) []byte {
	dst, _ = integers[uint64]{}.append(nil, dst, unsafe.Pointer(unsafe.SliceData(lengths)), len(lengths), 8)
	return dst
}

// lengths reads what appendLengths wrote, and their sum, each less one, of which none may exceed limit.
func (d *decoding) lengths(n int, scratch []uint64) (lengths []uint64, sum uint64) {
	if !d.plausible(n, traits{bytes: true}) {
		return nil, 0
	}
	if cap(scratch) < n {
		scratch = make([]uint64, n)
	}
	lengths = scratch[:n]
	integers[uint64]{}.decode(d, unsafe.Pointer(unsafe.SliceData(lengths)), n, 8)
	if d.err != nil {
		return nil, 0
	}
	for _, l := range lengths {
		if l > maxLength {
			d.fail("a length of %d", l)
			return nil, 0
		}
		sum += max(l, 1) - 1
	}
	return lengths, sum
}

// maxLength bounds a single length, so that sums of as many as there can be do not overflow.
const maxLength = 1 << 33
