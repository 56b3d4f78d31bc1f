package codec

import (
	"reflect"
	"unsafe"
)

// pointers encodes which pointers are nil, a byte each, and then what the others point to as one column. Two pointers to one value
// arrive as pointers to two.
type pointers struct {
	typ  reflect.Type
	many reflect.Type // a slice of what it points to
	elem column
	of   traits // of what it points to
	size uintptr
}

func (p *pointers) traits() traits      { return p.of.behind() }
func (*pointers) least(n uint64) uint64 { return n }

func (p *pointers) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	at := len(dst)
	dst = extend(dst, n)
	some, last := 0, unsafe.Pointer(nil)
	for i := range n {
		dst[at+i] = 0
		if to := *(*unsafe.Pointer)(unsafe.Add(base, uintptr(i)*stride)); to != nil {
			dst[at+i] = 1
			some, last = some+1, to
		}
	}
	if some == 0 {
		return dst, nil
	}
	if err := countable(some, p.size); err != nil {
		return dst, err
	}
	if some == 1 || p.size == 0 { // all pointers to no memory are as good as one
		return p.elem.append(e, dst, last, some, p.size)
	}
	lent, together := e.memory(some * int(p.size)) // as slices does
	defer e.giveBack(lent)
	out := together
	for i := range n {
		if to := *(*unsafe.Pointer)(unsafe.Add(base, uintptr(i)*stride)); to != nil {
			out = out[copy(out, unsafe.Slice((*byte)(to), p.size)):]
		}
	}
	return p.elem.append(e, dst, unsafe.Pointer(unsafe.SliceData(together)), some, p.size)
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
	if !d.plausible(some, p.size, p.elem) || some == 0 || !d.enter() {
		return
	}
	data := unsafe.Pointer(&zeroBase)
	if p.size > 0 {
		data = reflect.MakeSlice(p.many, some, some).UnsafePointer()
	}
	p.elem.decode(d, data, some, p.size)
	d.leave()
	if d.err != nil {
		return
	}
	var at uintptr
	for i, m := range marks {
		if m == 1 {
			*(*unsafe.Pointer)(unsafe.Add(base, uintptr(i)*stride)) = unsafe.Add(data, at)
			at += p.size
		}
	}
}

func (p *pointers) detach(o *owning, base unsafe.Pointer, n int, stride uintptr) {
	for i := range n {
		if to := (*unsafe.Pointer)(unsafe.Add(base, uintptr(i)*stride)); *to != nil {
			own := reflect.New(p.typ.Elem())
			own.Elem().Set(reflect.NewAt(p.typ.Elem(), *to).Elem())
			*to = own.UnsafePointer()
			if !p.of.flat {
				p.elem.detach(o, *to, 1, p.size)
			}
		}
	}
}

func (p *pointers) footprint(g *guard, base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	for i := range n {
		if to := *(*unsafe.Pointer)(unsafe.Add(base, uintptr(i)*stride)); to != nil {
			sum += int64(p.size)
			if !p.of.flat {
				sum += p.elem.footprint(g, to, 1, p.size)
			}
		}
	}
	return sum
}
