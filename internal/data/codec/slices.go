package codec

import (
	"reflect"
	"unsafe"
)

// slices encodes lengths plus one, zero for nil, and then the elements of all slices as one column.
type slices struct {
	typ  reflect.Type
	elem column
	of   traits // of the elements
	size uintptr
}

func (s *slices) traits() traits      { return s.of.behind() }
func (*slices) least(n uint64) uint64 { return leastOfNumbers(n) }

func (s *slices) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	lengths := e.numbers(n)
	total := markedLengths(lengths, base, stride)
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	if total == 0 {
		return dst, nil
	}
	if err := countable(total, s.size); err != nil {
		return dst, err
	}
	if s.size == 0 {
		return s.elem.append(e, dst, unsafe.Pointer(&zeroBase), total, 0)
	}
	if first := (*run)(base); first.len == total {
		return s.elem.append(e, dst, first.data, total, s.size)
	}
	if s.of.plain {
		at := len(dst)
		dst = extend(dst, total*int(s.size))
		s.gather(dst[at:], base, n, stride)
		return dst, nil
	}
	// The elements lie apart: they are copied together, pointers and all; the rows keep alive what the copies point to.
	lent, together := e.memory(total * int(s.size))
	defer e.giveBack(lent)
	s.gather(together, base, n, stride)
	return s.elem.append(e, dst, unsafe.Pointer(unsafe.SliceData(together)), total, s.size)
}

func (s *slices) gather(out []byte, base unsafe.Pointer, n int, stride uintptr) {
	var off uintptr
	for range n {
		r := (*run)(unsafe.Add(base, off))
		off += stride
		out = out[copy(out, unsafe.Slice((*byte)(r.data), uintptr(r.len)*s.size)):]
	}
}

func (s *slices) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	lengths, sum := d.marked(n)
	total := int(sum)
	if !d.plausible(total, s.size, s.elem) || !d.enter() {
		return
	}
	data := s.elements(d, total)
	d.leave()
	if d.err == nil {
		putSlices(lengths, base, stride, data, s.size)
		d.giveBack(lengths)
	}
}

// elements decodes the elements of all slices into memory of their own.
func (s *slices) elements(d *decoding, total int) unsafe.Pointer {
	switch {
	case total == 0:
		return unsafe.Pointer(&zeroBase)
	case s.size == 0:
		s.elem.decode(d, unsafe.Pointer(&zeroBase), total, 0)
		return unsafe.Pointer(&zeroBase)
	case s.of.plain: // memory that need not be cleared first; the sizes of memory align it
		in := d.take(uint64(total) * uint64(s.size))
		return unsafe.Pointer(unsafe.SliceData(append([]byte(nil), in...)))
	}
	data := reflect.MakeSlice(s.typ, total, total).UnsafePointer()
	s.elem.decode(d, data, total, s.size)
	return data
}

func (s *slices) detach(o *owning, base unsafe.Pointer, n int, stride uintptr) {
	for i := range n {
		h := (*header)(unsafe.Add(base, uintptr(i)*stride))
		switch {
		case h.data == nil:
		case h.len == 0 || s.size == 0:
			*h = header{unsafe.Pointer(&zeroBase), h.len, h.len}
		case s.of.flat:
			own := o.arena.room(h.len*int(s.size), 8)
			copy(own, unsafe.Slice((*byte)(h.data), len(own)))
			*h = header{unsafe.Pointer(unsafe.SliceData(own)), h.len, h.len}
		default:
			own := reflect.MakeSlice(s.typ, h.len, h.len)
			reflect.Copy(own, reflect.NewAt(s.typ, unsafe.Pointer(h)).Elem())
			*h = header{own.UnsafePointer(), h.len, h.len}
			s.elem.detach(o, h.data, h.len, s.size)
		}
	}
}

func (s *slices) footprint(g *guard, base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range n {
		h := (*header)(unsafe.Add(base, uintptr(i)*stride))
		sum += int64(h.len) * int64(s.size)
		if !s.of.flat && h.len > 0 {
			sum += s.elem.footprint(g, h.data, h.len, s.size)
		}
	}
	return sum
}
