package codec

import (
	"reflect"
	"unsafe"
)

// pointers encodes which pointers are nil, a byte each, and then what the others point to as one column. Two pointers to one value
// arrive as pointers to two.
type pointers struct {
	typ  reflect.Type
	elem column
	size uintptr
}

func (p *pointers) traits() traits {
	return traits{bytes: true, deep: p.elem.traits().deep}
}

func (p *pointers) append(e *encodeState, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	at := len(dst)
	dst = extend(dst, n)
	some, last := 0, unsafe.Pointer(nil)
	for i := range n {
		q := unsafe.Add(base, uintptr(i)*stride)
		dst[at+i] = 0
		if to := *(*unsafe.Pointer)(q); to != nil {
			dst[at+i] = 1
			some, last = some+1, to
		}
	}
	switch {
	case some == 0:
		return dst, nil
	case some == 1 || p.size == 0:
		return p.elem.append(e, dst, last, some, p.size)
	}
	gathered := e.numbers((some*int(p.size) + 7) / 8)
	defer e.giveBack(gathered)
	out := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(gathered))), len(gathered)*8)
	for i := range n {
		q := unsafe.Add(base, uintptr(i)*stride)
		if to := *(*unsafe.Pointer)(q); to != nil {
			out = out[copy(out, unsafe.Slice((*byte)(to), p.size)):]
		}
	}
	return p.elem.append(e, dst, unsafe.Pointer(unsafe.SliceData(gathered)), some, p.size)
}

func (p *pointers) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	marks := d.take(uint64(n))
	some := 0
	for _, m := range marks {
		if m > 1 {
			d.fail("a pointer mark of %d", m)
		}
		some += int(m)
	}
	if d.err != nil || some == 0 || !d.plausible(some, p.elem.traits()) {
		return
	}
	at := unsafe.Pointer(&zeroBase)
	if p.size > 0 {
		at = reflect.MakeSlice(reflect.SliceOf(p.typ.Elem()), some, some).UnsafePointer()
	}
	p.elem.decode(d, at, some, p.size)
	if d.err != nil {
		return
	}
	for i, m := range marks {
		row := unsafe.Add(base, uintptr(i)*stride)
		if m == 1 {
			*(*unsafe.Pointer)(row) = at
			if some--; some > 0 {
				at = unsafe.Add(at, p.size)
			}
		}
	}
}

func (p *pointers) detach(base unsafe.Pointer, n int, stride uintptr, a *Arena) {
	flat := p.elem.traits().flat
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		if to := (*unsafe.Pointer)(row); *to != nil {
			own := reflect.New(p.typ.Elem())
			own.Elem().Set(reflect.NewAt(p.typ.Elem(), *to).Elem())
			*to = own.UnsafePointer()
			if !flat {
				p.elem.detach(*to, 1, p.size, a)
			}
		}
	}
}

func (p *pointers) footprint(base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	flat := p.elem.traits().flat
	for i := range n {
		row := unsafe.Add(base, uintptr(i)*stride)
		if to := *(*unsafe.Pointer)(row); to != nil {
			sum += int64(p.size)
			if !flat {
				sum += p.elem.footprint(to, 1, p.size)
			}
		}
	}
	return sum
}
