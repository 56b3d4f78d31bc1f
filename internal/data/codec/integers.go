package codec

import (
	"encoding/binary"
	"unsafe"
)

type integer interface {
	int | int16 | int32 | int64 | uint | uint16 | uint32 | uint64 | uintptr
}

// integers encodes whole numbers relative to the least of the batch, in as few bytes as the greatest distance needs: the least as
// a varint, the width, then the distances. The difference of two's complements is right for signed and unsigned alike.
//
// Here and in all columns, loops add a growing offset to base: a pointer that steps from row to row would end behind the last one,
// where no pointer may be.
type integers[T integer] struct{}

func (integers[T]) traits() traits                                           { return traits{flat: true} }
func (integers[T]) least(n uint64) uint64                                    { return leastOfNumbers(n) }
func (integers[T]) detach(*owning, unsafe.Pointer, int, uintptr)             {}
func (integers[T]) footprint(*guard, unsafe.Pointer, int, uintptr) (_ int64) { return 0 }

func (integers[T]) append(_ *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	least, most := *(*T)(base), *(*T)(base)
	if stride == unsafe.Sizeof(least) {
		for _, v := range unsafe.Slice((*T)(base), n) {
			least, most = min(least, v), max(most, v)
		}
	} else {
		off := stride
		for range n - 1 {
			v := *(*T)(unsafe.Add(base, off))
			least, most = min(least, v), max(most, v)
			off += stride
		}
	}
	return appendNumbers(dst, base, n, stride, least, most), nil
}

// appendNumbers encodes numbers that lie between least and most.
func appendNumbers[T integer](dst []byte, base unsafe.Pointer, n int, stride uintptr, least, most T) []byte {
	width := widthOf(uint64(most)-uint64(least), n)
	dst = binary.AppendUvarint(dst, zigzag(int64(least)))
	dst = append(dst, byte(width))
	at := len(dst)
	dst = extend(dst, n*width)
	if width > 0 {
		putDistances(dst[at:], base, n, stride, least, width)
	}
	return dst
}

// putDistances has one loop for each width, so that the compiler sees plain stores.
func putDistances[T integer](out []byte, base unsafe.Pointer, n int, stride uintptr, least T, width int) {
	var off uintptr
	switch width {
	case 1:
		for i := range out[:n] {
			out[i] = byte(*(*T)(unsafe.Add(base, off)) - least)
			off += stride
		}
	case 2:
		o := unsafe.Slice((*[2]byte)(unsafe.Pointer(unsafe.SliceData(out))), n)
		for i := range o {
			binary.LittleEndian.PutUint16(o[i][:], uint16(*(*T)(unsafe.Add(base, off))-least))
			off += stride
		}
	case 4:
		o := unsafe.Slice((*[4]byte)(unsafe.Pointer(unsafe.SliceData(out))), n)
		for i := range o {
			binary.LittleEndian.PutUint32(o[i][:], uint32(uint64(*(*T)(unsafe.Add(base, off)))-uint64(least)))
			off += stride
		}
	case 8:
		o := unsafe.Slice((*[8]byte)(unsafe.Pointer(unsafe.SliceData(out))), n)
		for i := range o {
			binary.LittleEndian.PutUint64(o[i][:], uint64(*(*T)(unsafe.Add(base, off)))-uint64(least))
			off += stride
		}
	}
}

func (integers[T]) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	least, width := d.numbersHead(n)
	in := d.take(uint64(n) * uint64(width))
	if d.err != nil {
		return
	}
	l, off := T(least), uintptr(0)
	switch width {
	case 0:
		for range n {
			*(*T)(unsafe.Add(base, off)) = l
			off += stride
		}
	case 1:
		for _, b := range in {
			*(*T)(unsafe.Add(base, off)) = l + T(b)
			off += stride
		}
	case 2:
		for _, b := range unsafe.Slice((*[2]byte)(unsafe.Pointer(unsafe.SliceData(in))), n) {
			*(*T)(unsafe.Add(base, off)) = l + T(binary.LittleEndian.Uint16(b[:]))
			off += stride
		}
	case 4:
		for _, b := range unsafe.Slice((*[4]byte)(unsafe.Pointer(unsafe.SliceData(in))), n) {
			*(*T)(unsafe.Add(base, off)) = l + T(binary.LittleEndian.Uint32(b[:]))
			off += stride
		}
	case 8:
		for _, b := range unsafe.Slice((*[8]byte)(unsafe.Pointer(unsafe.SliceData(in))), n) {
			*(*T)(unsafe.Add(base, off)) = l + T(binary.LittleEndian.Uint64(b[:]))
			off += stride
		}
	}
}

// fewNumbers is how many equal numbers need no byte each. More take one, although it says nothing: otherwise a few damaged
// bytes could ask for gigabytes of rows.
const fewNumbers = 256

// leastOfNumbers is least for whatever begins with a number per value.
func leastOfNumbers(n uint64) uint64 {
	if n <= fewNumbers {
		return 2
	}
	return n + 2
}

// numbersHead reads the least number and the width of n distances.
func (d *decoding) numbersHead(n int) (least int64, width int) {
	v, w := binary.Uvarint(d.src)
	if w <= 0 || w >= len(d.src) {
		d.fail("a column of numbers has no head")
		return 0, 0
	}
	width = int(d.src[w])
	d.src = d.src[w+1:]
	if width > 8 || width&(width-1) != 0 || width == 0 && n > fewNumbers {
		d.fail("numbers of %d bytes", width)
		return 0, 0
	}
	return unzigzag(v), width
}

// widthOf gives the bytes that hold a distance: 0, 1, 2, 4 or 8.
func widthOf(distance uint64, n int) int {
	switch {
	case distance == 0 && n <= fewNumbers:
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
		return append(dst, make([]byte, n)...)
	}
	return dst[:len(dst)+n]
}

// appendLengths encodes numbers that are not rows themselves, of which there is at least one.
func appendLengths(dst []byte, lengths []uint64) []byte {
	dst, _ = integers[uint64]{}.append(nil, dst, unsafe.Pointer(unsafe.SliceData(lengths)), len(lengths), 8)
	return dst
}

// lengths reads n lengths into lent memory, which goes back with giveBack, and gives their sum.
func (d *decoding) lengths(n int) (lengths []uint64, sum uint64) {
	if n > maxValues || leastOfNumbers(uint64(n)) > uint64(len(d.src)) {
		d.fail("%d lengths in %d bytes", n, len(d.src))
		return nil, 0
	}
	lengths = d.numbers(n)
	integers[uint64]{}.decode(d, unsafe.Pointer(unsafe.SliceData(lengths)), n, 8)
	if d.err != nil {
		return nil, 0
	}
	var all uint64
	for _, l := range lengths {
		sum += l
		all |= l
	}
	if all >= maxLength {
		d.fail("a length of %d or more", uint64(maxLength))
		return nil, 0
	}
	return lengths, sum
}

// marked reads n lengths that are zero for nil and one more than the length otherwise. Sum is that of the lengths themselves.
func (d *decoding) marked(n int) (lengths []uint64, sum uint64) {
	lengths, _ = d.lengths(n)
	for _, l := range lengths {
		sum += max(l, 1) - 1
	}
	return lengths, sum
}

// maxLength bounds a single length, so that the sum of maxValues of them does not overflow.
const maxLength = 1 << 33
