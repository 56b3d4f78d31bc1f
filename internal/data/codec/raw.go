package codec

import "unsafe"

// raw copies the memory of values of a fixed size: floats, bools, bytes.
type raw struct{ size uintptr }

func (raw) traits() traits { return traits{flat: true, bytes: true} }

func (r raw) append(_ *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
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
	if d.err != nil || n == 0 {
		return
	}
	r.move(base, stride, unsafe.Pointer(unsafe.SliceData(in)), r.size, n)
}

func (r raw) move(to unsafe.Pointer, toStride uintptr, from unsafe.Pointer, fromStride uintptr, n int) {
	switch {
	case toStride == r.size && fromStride == r.size:
		copy(unsafe.Slice((*byte)(to), uintptr(n)*r.size), unsafe.Slice((*byte)(from), uintptr(n)*r.size))
	case r.size == 8:
		for i := range uintptr(n) {
			to, from := unsafe.Add(to, i*toStride), unsafe.Add(from, i*fromStride)
			*(*[8]byte)(to) = *(*[8]byte)(from)
		}
	case r.size == 4:
		for i := range uintptr(n) {
			to, from := unsafe.Add(to, i*toStride), unsafe.Add(from, i*fromStride)
			*(*[4]byte)(to) = *(*[4]byte)(from)
		}
	default:
		for i := range uintptr(n) {
			to, from := unsafe.Add(to, i*toStride), unsafe.Add(from, i*fromStride)
			copy(unsafe.Slice((*byte)(to), r.size), unsafe.Slice((*byte)(from), r.size))
		}
	}
}

func (raw) detach(unsafe.Pointer, int, uintptr, *Arena)  {}
func (raw) footprint(unsafe.Pointer, int, uintptr) int64 { return 0 }

// bools are bytes that are 0 or 1.
type bools struct{ raw }

func (b bools) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	in := d.take(uint64(n))
	if d.err != nil {
		return
	}
	for i, v := range in {
		row := unsafe.Add(base, uintptr(i)*stride)
		if v > 1 {
			d.fail("a bool of %d", v)
			return
		}
		*(*byte)(row) = v
	}
}
