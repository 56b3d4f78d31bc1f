package codec

import (
	"reflect"
	"unsafe"
)

// slices encodes lengths plus one, zero for nil, and then the elements of all slices as one column.
type slices struct {
	typ  reflect.Type
	elem column
	size uintptr
}

// header is the memory of a slice.
type header struct {
	data     unsafe.Pointer
	len, cap int
}

// zeroBase is where elements without size are.
var zeroBase uint64

func (s *slices) traits() traits {
	return traits{bytes: true, deep: s.elem.traits().deep}
}

func (s *slices) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	lengths := e.numbers(n)
	total, only := 0, unsafe.Pointer(nil)
	for i := range n {
		p := unsafe.Add(base, uintptr(i)*stride)
		h := (*header)(p)
		lengths[i] = 0
		if h.data == nil {
			continue
		}
		lengths[i] = uint64(h.len) + 1
		if h.len > 0 {
			only = h.data
		}
		total += h.len
	}
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	if total == 0 {
		return dst, nil
	}
	if n == 1 || s.size == 0 {
		return s.elem.append(e, dst, only, total, s.size)
	}
	// The elements lie apart: they are gathered, pointers and all. The rows keep alive what the copies point to.
	gathered := e.numbers((total*int(s.size) + 7) / 8)
	defer e.giveBack(gathered)
	out := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(gathered))), len(gathered)*8)
	for i := range n {
		p := unsafe.Add(base, uintptr(i)*stride)
		if h := (*header)(p); h.len > 0 {
			out = out[copy(out, unsafe.Slice((*byte)(h.data), h.len*int(s.size))):]
		}
	}
	return s.elem.append(e, dst, unsafe.Pointer(unsafe.SliceData(gathered)), total, s.size)
}

func (s *slices) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	var few [256]uint64
	lengths, sum := d.lengths(n, few[:])
	total := int(sum)
	if d.err != nil || !d.plausible(total, s.elem.traits()) {
		return
	}
	at := unsafe.Pointer(&zeroBase)
	if total > 0 && s.size > 0 {
		at = reflect.MakeSlice(s.typ, total, total).UnsafePointer()
	}
	if total > 0 {
		s.elem.decode(d, at, total, s.size)
	}
	if d.err != nil {
		return
	}
	for i, l := range lengths {
		row := unsafe.Add(base, uintptr(i)*stride)
		if l == 1 {
			*(*header)(row) = header{data: unsafe.Pointer(&zeroBase)}
		} else if l > 1 {
			*(*header)(row) = header{at, int(l - 1), int(l - 1)}
			if total -= int(l - 1); total > 0 {
				at = unsafe.Add(at, (l-1)*uint64(s.size))
			}
		}
	}
}

func (s *slices) detach(base unsafe.Pointer, n int, stride uintptr, a *Arena) {
	flat := s.elem.traits().flat
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		h := (*header)(row)
		if h.len > 0 && s.size > 0 {
			own := reflect.MakeSlice(s.typ, h.len, h.len)
			reflect.Copy(own, reflect.NewAt(s.typ, row).Elem())
			*h = header{own.UnsafePointer(), h.len, h.len}
			if !flat {
				s.elem.detach(h.data, h.len, s.size, a)
			}
		}
	}
}

func (s *slices) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	flat := s.elem.traits().flat
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		h := (*header)(row)
		sum += int64(h.len) * int64(s.size)
		if !flat && h.len > 0 {
			sum += s.elem.footprint(h.data, h.len, s.size)
		}
	}
	return sum
}
