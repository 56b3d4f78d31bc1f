package codec

import "unsafe"

// structure encodes the fields of a struct, one column each.
type structure struct {
	fields  []field
	skipped []field // with the tag kiln:"-": zero on arrival
	flat    bool
	bytes   bool
	deep    bool
}

type field struct {
	column
	offset, size uintptr
}

func (s *structure) traits() traits { return traits{flat: s.flat, bytes: s.bytes, deep: s.deep} }

func (s *structure) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	for i := range s.fields {
		f := &s.fields[i]
		if dst, err = f.append(e, dst, unsafe.Add(base, f.offset), n, stride); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (s *structure) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	for i := range s.fields {
		if d.err != nil {
			return
		}
		f := &s.fields[i]
		f.decode(d, unsafe.Add(base, f.offset), n, stride)
	}
}

func (s *structure) detach(base unsafe.Pointer, n int, stride uintptr, a *Arena) {
	for i := range s.fields {
		if f := &s.fields[i]; !f.traits().flat {
			f.detach(unsafe.Add(base, f.offset), n, stride, a)
		}
	}
}

func (s *structure) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range s.fields {
		if f := &s.fields[i]; !f.traits().flat {
			sum += f.footprint(unsafe.Add(base, f.offset), n, stride)
		}
	}
	return sum
}

// array encodes the elements of all arrays as one column.
type array struct {
	elem column
	n    int
	size uintptr
}

func (a *array) traits() traits {
	t := a.elem.traits()
	t.bytes = t.bytes && a.n > 0
	t.flat = t.flat || a.n == 0
	return t
}

func (a *array) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	if stride == a.size*uintptr(a.n) {
		if n *= a.n; n == 0 {
			return dst, nil
		}
		return a.elem.append(e, dst, base, n, a.size)
	}
	for i := range a.n { // one column for each place, as for the fields of a struct
		if dst, err = a.elem.append(e, dst, unsafe.Add(base, uintptr(i)*a.size), n, stride); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (a *array) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	if stride == a.size*uintptr(a.n) {
		if n *= a.n; n > 0 {
			a.elem.decode(d, base, n, a.size)
		}
		return
	}
	for i := range a.n {
		if d.err != nil {
			return
		}
		a.elem.decode(d, unsafe.Add(base, uintptr(i)*a.size), n, stride)
	}
}

func (a *array) detach(base unsafe.Pointer, n int, stride uintptr, ar *Arena) {
	for i := range a.n {
		a.elem.detach(unsafe.Add(base, uintptr(i)*a.size), n, stride, ar)
	}
}

func (a *array) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range a.n {
		sum += a.elem.footprint(unsafe.Add(base, uintptr(i)*a.size), n, stride)
	}
	return sum
}
