package codec

import "unsafe"

// forward stands for a type inside itself, which is still being compiled when it is met again. Every level of a recursive value
// passes through it.
type forward struct{ to column }

func (f *forward) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) (_ []byte, err error) {
	if err = e.enter(n); err == nil {
		dst, err = f.to.append(e, dst, base, n, stride)
	}
	e.leave()
	return dst, err
}

func (f *forward) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	f.to.decode(d, base, n, stride)
}

func (f *forward) detach(o *owning, base unsafe.Pointer, n int, stride uintptr) {
	if o.enter(n) == nil {
		f.to.detach(o, base, n, stride)
	}
	o.leave()
}

func (f *forward) footprint(g *guard, base unsafe.Pointer, n int, stride uintptr) (sum int64) {
	if g.enter(n) == nil {
		sum = f.to.footprint(g, base, n, stride)
	}
	g.leave()
	return sum
}

// least ends, since a type refers to itself through a pointer, slice or map, and these ask nothing of what they refer to.
func (f *forward) least(n uint64) uint64 { return f.to.least(n) }

// traits assumes the worst of what is not compiled yet.
func (f *forward) traits() traits { return traits{alias: true, deep: true} }
