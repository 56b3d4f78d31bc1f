package codec

import "unsafe"

// text encodes strings: their lengths, then their bytes one after the other. Decoded strings alias the source.
type text struct{}

func (text) traits() traits { return traits{bytes: true} }

func (text) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	lengths := e.numbers(n)
	p, sum := base, 0
	for i := range lengths {
		l := len(*(*string)(p))
		lengths[i] = uint64(l)
		sum += l
		p = unsafe.Add(p, stride)
	}
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	at := len(dst)
	dst = extend(dst, sum)
	out := dst[at:]
	p = base
	for range n {
		out = out[copy(out, *(*string)(p)):]
		p = unsafe.Add(p, stride)
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
	for _, l := range lengths {
		if l > 0 {
			*(*string)(base) = unsafe.String((*byte)(at), l)
			at = step(at, l, &in)
		}
		base = unsafe.Add(base, stride)
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
	for range n {
		s := (*string)(base)
		*s = a.str(*s)
		base = unsafe.Add(base, stride)
	}
}

func (text) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for range n {
		sum += int64(len(*(*string)(base)))
		base = unsafe.Add(base, stride)
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
		lengths[i] = 0
		if b := *(*[]byte)(p); b != nil {
			lengths[i] = uint64(len(b)) + 1
			sum += len(b)
		}
		p = unsafe.Add(p, stride)
	}
	dst = appendLengths(dst, lengths)
	e.giveBack(lengths)
	at := len(dst)
	dst = extend(dst, sum)
	out := dst[at:]
	p = base
	for range n {
		out = out[copy(out, *(*[]byte)(p)):]
		p = unsafe.Add(p, stride)
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
	for _, l := range lengths {
		switch {
		case l == 1:
			*(*[]byte)(base) = []byte{}
		case l > 1:
			*(*[]byte)(base) = in[: l-1 : l-1]
			in = in[l-1:]
		}
		base = unsafe.Add(base, stride)
	}
}

func (byteSlices) detach(base unsafe.Pointer, n int, stride uintptr, a *Arena) {
	for range n {
		b := (*[]byte)(base)
		if len(*b) > 0 {
			*b = a.bytes(*b)
		}
		base = unsafe.Add(base, stride)
	}
}

func (byteSlices) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for range n {
		sum += int64(len(*(*[]byte)(base)))
		base = unsafe.Add(base, stride)
	}
	return sum
}
