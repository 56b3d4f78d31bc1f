package codec

import "unsafe"

// text encodes strings: their lengths, then their bytes one after the other. Decoded strings alias the source.
type text struct{}

func (text) traits() traits { return traits{bytes: true} }

func (text) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	lengths := e.numbers(n)
	p, sum := base, 0
	for i := range lengths {
		p := unsafe.Add(p, uintptr(i)*stride)
		l := len(*(*string)(p))
		lengths[i] = uint64(l)
		sum += l
	}
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	at := len(dst)
	dst = extend(dst, sum)
	out := dst[at:]
	p = base
	for i := range n {
		p := unsafe.Add(p, uintptr(i)*stride)
		out = out[copy(out, *(*string)(p)):]
	}
	return dst, nil
}

func (text) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	var few [256]uint64
	lengths, _ := d.lengths(n, few[:])
	if d.err != nil {
		return
	}
	var sum uint64
	for _, l := range lengths {
		sum += l
	}
	in := d.take(sum)
	if d.err != nil {
		return
	}
	at := unsafe.Pointer(unsafe.SliceData(in))
	for i, l := range lengths {
		row := unsafe.Add(base, uintptr(i)*stride)
		if l > 0 {
			*(*string)(row) = unsafe.String((*byte)(at), l)
			at = step(at, l, &in)
		}
	}
}

// step goes l bytes on; at the end of the buffer it stays, since a pointer behind an object would hold on to its neighbour.
func step(at unsafe.Pointer, l uint64, in *[]byte) unsafe.Pointer {
	*in = (*in)[l:]
	if len(*in) == 0 {
		return at
	}
	return unsafe.Pointer(unsafe.SliceData(*in))
}

func (text) detach(base unsafe.Pointer, n int, stride uintptr, a *Arena) {
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		s := (*string)(row)
		*s = a.str(*s)
	}
}

func (text) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		sum += int64(len(*(*string)(row)))
	}
	return sum
}

// byteSlices encodes []byte: lengths plus one, zero for nil, then the bytes. Decoded slices alias the source.
type byteSlices struct{}

func (byteSlices) traits() traits { return traits{bytes: true} }

func (byteSlices) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	lengths := e.numbers(n)
	p, sum := base, 0
	for i := range lengths {
		p := unsafe.Add(p, uintptr(i)*stride)
		lengths[i] = 0
		if b := *(*[]byte)(p); b != nil {
			lengths[i] = uint64(len(b)) + 1
			sum += len(b)
		}
	}
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	at := len(dst)
	dst = extend(dst, sum)
	out := dst[at:]
	p = base
	for i := range n {
		p := unsafe.Add(p, uintptr(i)*stride)
		out = out[copy(out, *(*[]byte)(p)):]
	}
	return dst, nil
}

func (byteSlices) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	var few [256]uint64
	lengths, sum := d.lengths(n, few[:])
	in := d.take(sum)
	if d.err != nil {
		return
	}
	for i, l := range lengths {
		row := unsafe.Add(base, uintptr(i)*stride)
		switch {
		case l == 1:
			*(*[]byte)(row) = []byte{}
		case l > 1:
			*(*[]byte)(row) = in[: l-1 : l-1]
			in = in[l-1:]
		}
	}
}

func (byteSlices) detach(base unsafe.Pointer, n int, stride uintptr, a *Arena) {
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		b := (*[]byte)(row)
		if len(*b) > 0 {
			*b = a.bytes(*b)
		}
	}
}

func (byteSlices) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		sum += int64(len(*(*[]byte)(row)))
	}
	return sum
}
