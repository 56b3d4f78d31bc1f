package codec

import "unsafe"

// raw copies the memory of values of a fixed size, each content of which is valid: floats, bytes, and arrays of them.
type raw struct{ size uintptr }

func (raw) traits() traits                                               { return traits{flat: true, plain: true} }
func (r raw) least(n uint64) uint64                                      { return n * uint64(r.size) }
func (raw) detach(*owning, unsafe.Pointer, int, uintptr)                 {}
func (raw) footprint(*guard, unsafe.Pointer, int, uintptr) (bytes int64) { return 0 }

func (r raw) append(_ *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	if stride == r.size {
		return append(dst, unsafe.Slice((*byte)(base), uintptr(n)*r.size)...), nil
	}
	at := len(dst)
	dst = extend(dst, n*int(r.size))
	r.move(unsafe.Pointer(unsafe.SliceData(dst[at:])), r.size, base, stride, n)
	return dst, nil
}

func (r raw) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	in := d.take(uint64(n) * uint64(r.size))
	if d.err == nil {
		r.move(base, stride, unsafe.Pointer(unsafe.SliceData(in)), r.size, n)
	}
}

func (r raw) move(to unsafe.Pointer, toStride uintptr, from unsafe.Pointer, fromStride uintptr, n int) {
	var t, f uintptr
	switch {
	case toStride == r.size && fromStride == r.size:
		copy(unsafe.Slice((*byte)(to), uintptr(n)*r.size), unsafe.Slice((*byte)(from), uintptr(n)*r.size))
	case r.size == 8:
		for range n {
			*(*[8]byte)(unsafe.Add(to, t)) = *(*[8]byte)(unsafe.Add(from, f))
			t, f = t+toStride, f+fromStride
		}
	case r.size == 4:
		for range n {
			*(*[4]byte)(unsafe.Add(to, t)) = *(*[4]byte)(unsafe.Add(from, f))
			t, f = t+toStride, f+fromStride
		}
	case r.size == 1:
		for range n {
			*(*byte)(unsafe.Add(to, t)) = *(*byte)(unsafe.Add(from, f))
			t, f = t+toStride, f+fromStride
		}
	default:
		for range n {
			copy(unsafe.Slice((*byte)(unsafe.Add(to, t)), r.size), unsafe.Slice((*byte)(unsafe.Add(from, f)), r.size))
			t, f = t+toStride, f+fromStride
		}
	}
}

// bools are bytes that are 0 or 1: anything else in the memory of a bool would break the program.
type bools struct{}

func (bools) traits() traits                                               { return traits{flat: true} }
func (bools) least(n uint64) uint64                                        { return n }
func (bools) detach(*owning, unsafe.Pointer, int, uintptr)                 {}
func (bools) footprint(*guard, unsafe.Pointer, int, uintptr) (bytes int64) { return 0 }

func (bools) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	return raw{1}.append(e, dst, base, n, stride)
}

func (bools) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	for i, v := range d.take(uint64(n)) {
		if v > 1 {
			d.fail("a bool of %d", v)
			return
		}
		*(*byte)(unsafe.Add(base, uintptr(i)*stride)) = v
	}
}
