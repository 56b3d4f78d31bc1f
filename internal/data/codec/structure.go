package codec

import "unsafe"

// structure encodes the fields of a struct, one column each, after a filler for those that stay behind.
type structure struct {
	fields []field
	filler uint64 // bytes per row
	all    traits
}

type field struct {
	column
	offset uintptr
}

// fillerFor gives the bytes that stand for memory of a row that no column fills, such as fields that stay behind. They carry nothing
// and compress to nothing, but without them a few bytes could ask a decoder for gigabytes.
func fillerFor(size uintptr) uint64 { return uint64(size) / 64 }

func appendFiller(dst []byte, n uint64) []byte {
	at := len(dst)
	dst = extend(dst, int(n))
	clear(dst[at:])
	return dst
}

func (s *structure) traits() traits { return s.all }

func (s *structure) least(n uint64) uint64 {
	sum := n * s.filler
	for i := range s.fields {
		sum += s.fields[i].least(n)
	}
	return sum
}

func (s *structure) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	if s.filler > 0 {
		dst = appendFiller(dst, uint64(n)*s.filler)
	}
	for i := range s.fields {
		f := &s.fields[i]
		if dst, err = f.append(e, dst, unsafe.Add(base, f.offset), n, stride); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (s *structure) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	d.take(uint64(n) * s.filler)
	for i := range s.fields {
		if d.err != nil {
			return
		}
		f := &s.fields[i]
		f.decode(d, unsafe.Add(base, f.offset), n, stride)
	}
}

func (s *structure) detach(o *owning, base unsafe.Pointer, n int, stride uintptr) {
	for i := range s.fields {
		if f := &s.fields[i]; !f.traits().flat {
			f.detach(o, unsafe.Add(base, f.offset), n, stride)
		}
	}
}

func (s *structure) footprint(g *guard, base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range s.fields {
		if f := &s.fields[i]; !f.traits().flat {
			sum += f.footprint(g, unsafe.Add(base, f.offset), n, stride)
		}
	}
	return sum
}

// array encodes arrays of at least one element: all elements of all arrays as one column where they lie together, else a column
// for each place, as for the fields of a struct.
type array struct {
	elem column
	n    int
	size uintptr
}

func (a *array) traits() traits { return a.elem.traits() }

func (a *array) least(n uint64) uint64 {
	return min(a.elem.least(n*uint64(a.n)), uint64(a.n)*a.elem.least(n))
}

// together reports that no gap lies between arrays.
func (a *array) together(stride uintptr) bool { return stride == a.size*uintptr(a.n) }

func (a *array) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	if a.together(stride) {
		return a.elem.append(e, dst, base, n*a.n, a.size)
	}
	for i := range a.n {
		if dst, err = a.elem.append(e, dst, unsafe.Add(base, uintptr(i)*a.size), n, stride); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (a *array) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	if a.together(stride) {
		a.elem.decode(d, base, n*a.n, a.size)
		return
	}
	for i := range a.n {
		if d.err != nil {
			return
		}
		a.elem.decode(d, unsafe.Add(base, uintptr(i)*a.size), n, stride)
	}
}

func (a *array) detach(o *owning, base unsafe.Pointer, n int, stride uintptr) {
	for i := range a.n {
		a.elem.detach(o, unsafe.Add(base, uintptr(i)*a.size), n, stride)
	}
}

func (a *array) footprint(g *guard, base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range a.n {
		sum += a.elem.footprint(g, unsafe.Add(base, uintptr(i)*a.size), n, stride)
	}
	return sum
}
