package funcs

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"unsafe"
)

// span is a range of addresses of this process, hi excluded.
type span struct{ lo, hi uintptr }

func (s span) holds(p, n uintptr) bool { return p >= s.lo && p <= s.hi && n <= s.hi-p }

// segments is what the operating system tells about the running executable.
type segments struct {
	base   uintptr // address of the image's first byte: the zero of all offsets
	code   []span  // executable
	frozen []span  // readable bytes from the file that nobody writes after start-up: function values and type descriptors
}

// image is the running executable as far as references need it. It does not change after it was loaded.
type image struct {
	segments
	anchor unsafe.Pointer // some pointer into frozen; other pointers into the image are made from it
	names  uintptr        // what names in type descriptors are relative to
}

// errLayout means that this package does not understand the image of its own process.
var errLayout = errors.New("functions cannot be referred to: this Go toolchain lays out function values or types differently from what Kiln knows")

// self loads the image of this process once, at the first reference.
var self = sync.OnceValues(loadImage)

// probe is the type whose descriptor shows where names are. Both it and its pointer type must be in the image.
type probe struct{ _ int }

func loadImage() (*image, error) {
	s, err := readSegments()
	if err != nil {
		return nil, err
	}
	m := &image{segments: s, anchor: descriptorOf(reflect.TypeFor[probe]())}
	if err := m.calibrate(reflect.TypeOf((*probe)(nil))); err != nil {
		return nil, err
	}
	entry := *(*uintptr)(closureOf(loadImage))
	if !m.static(closureOf(loadImage)) || !m.executable(entry) || runtime.FuncForPC(entry) == nil {
		return nil, errLayout
	}
	return m, nil
}

// calibrate finds out where names are, and whether descriptors look as this package believes. A descriptor says how far its
// pointer type lies from the start of the type section; the address of the pointer type is known; so the start is known.
func (m *image) calibrate(pointer reflect.Type) error {
	t := pointer.Elem()
	p := descriptorOf(t)
	if !m.static(p) || !m.static(descriptorOf(pointer)) {
		return errLayout
	}
	h := (*head)(p)
	if !m.plausible(h) || h.ptrToThis == 0 || h.size != t.Size() || reflect.Kind(h.kind) != t.Kind() {
		return errLayout
	}
	m.names = uintptr(descriptorOf(pointer)) - uintptr(h.ptrToThis)
	for _, t := range []reflect.Type{t, pointer} {
		if name, ok := m.nameOf((*head)(descriptorOf(t))); !ok || name != t.String() {
			return errLayout
		}
	}
	return nil
}

// static reports whether p points into the unchanging part of the image. A function value that does not was made at run time,
// and so carries something.
func (m *image) static(p unsafe.Pointer) bool { return m.inFrozen(uintptr(p), 1) }

func (m *image) inFrozen(p, n uintptr) bool {
	for _, s := range m.frozen {
		if s.holds(p, n) {
			return true
		}
	}
	return false
}

func (m *image) executable(pc uintptr) bool {
	for _, s := range m.code {
		if s.holds(pc, 1) {
			return true
		}
	}
	return false
}

func (m *image) offset(p unsafe.Pointer) int64 { return int64(uintptr(p) - m.base) }

// at gives the word-aligned address at offset from the start of the image, if n bytes can be read there.
func (m *image) at(offset int64, n uintptr) (unsafe.Pointer, error) {
	p := m.base + uintptr(offset)
	if offset < 0 || p < m.base || !m.inFrozen(p, n) {
		return nil, fmt.Errorf("offset %#x is outside the constant data of the program", offset)
	}
	if p%wordBytes != 0 {
		return nil, fmt.Errorf("offset %#x is not aligned", offset)
	}
	return m.pointer(p), nil
}

// readable gives the n bytes at p as a view, if all of them belong to the image.
func (m *image) readable(p, n uintptr) ([]byte, bool) {
	if !m.inFrozen(p, n) {
		return nil, false
	}
	return unsafe.Slice((*byte)(m.pointer(p)), n), true
}

// pointer turns an address that was found inside frozen into a pointer, by way of one that is known to be good.
func (m *image) pointer(p uintptr) unsafe.Pointer {
	return unsafe.Add(m.anchor, int(p-uintptr(m.anchor)))
}
