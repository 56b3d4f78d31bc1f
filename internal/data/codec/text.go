package codec

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// text encodes strings: their lengths, then their bytes one after the other. Decoded strings alias the source.
type text struct{}

func (text) traits() traits        { return traits{alias: true} }
func (text) least(n uint64) uint64 { return leastOfNumbers(n) }

func (text) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	lengths := e.numbers(n)
	var sum, most, off uintptr
	least := uintptr(len(*(*string)(base)))
	for i := range lengths {
		l := uintptr(len(*(*string)(unsafe.Add(base, off))))
		lengths[i] = uint64(l)
		sum += l
		least, most = min(least, l), max(most, l)
		off += stride
	}
	dst = appendNumbers(dst, unsafe.Pointer(unsafe.SliceData(lengths)), n, 8, uint64(least), uint64(most))
	e.giveBack(lengths)
	return appendRuns(dst, base, n, stride, int(sum))
}

// run is the memory of a string, and the beginning of that of a slice.
type run struct {
	data unsafe.Pointer
	len  int
}

// appendRuns appends the bytes, sum in all, of n strings or byte slices. Most are short: up to 16 bytes two moves, which may
// overlap, are faster than a call.
func appendRuns(dst []byte, base unsafe.Pointer, n int, stride uintptr, sum int) ([]byte, error) {
	if sum >= maxLength {
		return dst, fmt.Errorf("%d bytes in one column are too many: split the value", sum)
	}
	if n == 1 { // it may be hundreds of megabytes, whose room is not worth zeroing first
		r := (*run)(base)
		return append(dst, unsafe.Slice((*byte)(r.data), r.len)...), nil
	}
	at := len(dst)
	dst = extend(dst, sum)
	out := dst[at:]
	var off uintptr
	for range n {
		r := (*run)(unsafe.Add(base, off))
		off += stride
		in := unsafe.Slice((*byte)(r.data), r.len)
		switch l := len(in); {
		case l > 16 || l < 4:
			copy(out, in)
		case l >= 8:
			head, tail := binary.LittleEndian.Uint64(in), binary.LittleEndian.Uint64(in[l-8:])
			binary.LittleEndian.PutUint64(out, head)
			binary.LittleEndian.PutUint64(out[l-8:], tail)
		default:
			head, tail := binary.LittleEndian.Uint32(in), binary.LittleEndian.Uint32(in[l-4:])
			binary.LittleEndian.PutUint32(out, head)
			binary.LittleEndian.PutUint32(out[l-4:], tail)
		}
		out = out[len(in):]
	}
	return dst, nil
}

func (text) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	lengths, sum := d.lengths(n)
	in := d.take(sum)
	if d.err != nil {
		return
	}
	data := unsafe.Pointer(unsafe.SliceData(in))
	var off, at uintptr
	for _, l := range lengths {
		if l > 0 {
			*(*run)(unsafe.Add(base, off)) = run{unsafe.Add(data, at), int(l)}
			at += uintptr(l)
		}
		off += stride
	}
	d.giveBack(lengths)
}

func (text) detach(o *owning, base unsafe.Pointer, n int, stride uintptr) {
	for i := range n {
		s := (*string)(unsafe.Add(base, uintptr(i)*stride))
		*s = o.arena.str(*s)
	}
}

func (text) footprint(_ *guard, base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range n {
		sum += int64(len(*(*string)(unsafe.Add(base, uintptr(i)*stride))))
	}
	return sum
}

// byteSlices encodes []byte: lengths plus one, zero for nil, then the bytes. Decoded slices alias the source.
type byteSlices struct{}

func (byteSlices) traits() traits        { return traits{alias: true} }
func (byteSlices) least(n uint64) uint64 { return leastOfNumbers(n) }

func (byteSlices) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	lengths := e.numbers(n)
	sum := markedLengths(lengths, base, stride)
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	return appendRuns(dst, base, n, stride, sum)
}

// markedLengths puts the lengths of slices plus one, and zero for nil, and gives their sum.
func markedLengths(lengths []uint64, base unsafe.Pointer, stride uintptr) (sum int) {
	var off uintptr
	for i := range lengths {
		r := (*run)(unsafe.Add(base, off))
		off += stride
		lengths[i] = 0
		if r.data != nil {
			lengths[i] = uint64(r.len) + 1
			sum += r.len
		}
	}
	return sum
}

func (byteSlices) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	lengths, sum := d.marked(n)
	in := d.take(sum)
	if d.err != nil {
		return
	}
	putSlices(lengths, base, stride, unsafe.Pointer(unsafe.SliceData(in)), 1)
	d.giveBack(lengths)
}

// header is the memory of a slice.
type header struct {
	data     unsafe.Pointer
	len, cap int
}

// zeroBase is where values without size are.
var zeroBase uint64

// putSlices makes slices of marked lengths out of elements that lie together.
func putSlices(lengths []uint64, base unsafe.Pointer, stride uintptr, data unsafe.Pointer, size uintptr) {
	var off, at uintptr
	for _, l := range lengths {
		switch {
		case l > 1:
			*(*header)(unsafe.Add(base, off)) = header{unsafe.Add(data, at), int(l - 1), int(l - 1)}
			at += uintptr(l-1) * size
		case l == 1:
			*(*header)(unsafe.Add(base, off)) = header{data: unsafe.Pointer(&zeroBase)}
		}
		off += stride
	}
}

func (byteSlices) detach(o *owning, base unsafe.Pointer, n int, stride uintptr) {
	for i := range n {
		b := (*[]byte)(unsafe.Add(base, uintptr(i)*stride))
		if *b != nil {
			*b = o.arena.bytes(*b)
		}
	}
}

func (byteSlices) footprint(_ *guard, base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range n {
		sum += int64(len(*(*[]byte)(unsafe.Add(base, uintptr(i)*stride))))
	}
	return sum
}
