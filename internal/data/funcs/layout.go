package funcs

import (
	"encoding/binary"
	"reflect"
	"unsafe"
)

// This file holds what the package knows about memory that the language does not promise. It was written for the gc toolchain
// of Go 1.26. A release that moves any of it makes loadImage fail with errLayout, and TestDescriptorHead shows which part moved.

// head is the beginning of every type descriptor that the compiler writes.
type head struct {
	size       uintptr
	ptrBytes   uintptr // length of the prefix that may hold pointers
	hash       uint32
	flags      uint8
	align      uint8
	fieldAlign uint8
	kind       uint8   // a reflect.Kind
	equal      uintptr // address of a function value, 0 if values cannot be compared
	gcData     uintptr // address of the map of pointers in a value, or of a place for it
	name       int32   // offset of the name from the start of the image's type section
	ptrToThis  int32   // offset of the descriptor of the pointer type from there, 0 if there is none
}

const (
	headBytes = unsafe.Sizeof(head{})
	wordBytes = unsafe.Sizeof(uintptr(0))

	// flagExtraStar says that the stored name is that of the pointer type: its first byte is a star to be left out.
	flagExtraStar = 1 << 1
	// flagLazyMask says that the runtime makes the map of pointers later.
	flagLazyMask = 1 << 4
	flagsKnown   = 1<<6 - 1
)

// face is an interface value: a word for its type and a word for its data. For pointer-shaped types, functions among them, the
// data word is the value itself.
type face struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
}

// closureOf gives the function value inside fn as the pointer that it is: to a word with the entry point of the code, followed by
// what the function captures. The dynamic type of fn must be a function type.
func closureOf(fn any) unsafe.Pointer { return (*face)(unsafe.Pointer(&fn)).data }

// descriptorOf gives the address of t's descriptor.
func descriptorOf(t reflect.Type) unsafe.Pointer { return reflect.ValueOf(t).UnsafePointer() }

// typeAt gives the type whose descriptor lies at p. A reflect.Type is an interface whose data word is that address, so any
// reflect.Type serves as the mould. Everything that is claimed about p must have been checked before.
func typeAt(p unsafe.Pointer) reflect.Type {
	t := reflect.TypeFor[int]()
	(*face)(unsafe.Pointer(&t)).data = p
	return t
}

// sizes are those that all types of a kind have; structs and arrays differ among themselves.
var sizes = [...]uintptr{
	reflect.Bool: 1, reflect.Int: wordBytes, reflect.Int8: 1, reflect.Int16: 2, reflect.Int32: 4, reflect.Int64: 8,
	reflect.Uint: wordBytes, reflect.Uint8: 1, reflect.Uint16: 2, reflect.Uint32: 4, reflect.Uint64: 8, reflect.Uintptr: wordBytes,
	reflect.Float32: 4, reflect.Float64: 8, reflect.Complex64: 8, reflect.Complex128: 16,
	reflect.Chan: wordBytes, reflect.Func: wordBytes, reflect.Interface: 2 * wordBytes, reflect.Map: wordBytes,
	reflect.Pointer: wordBytes, reflect.Slice: 3 * wordBytes, reflect.String: 2 * wordBytes, reflect.UnsafePointer: wordBytes,
}

// plausible reports whether h can be the head of a descriptor at all. Its fields constrain each other so much that nothing else
// in an image looks like one.
func (m *image) plausible(h *head) bool {
	kind := reflect.Kind(h.kind)
	if kind == reflect.Invalid || kind > reflect.UnsafePointer || h.flags&^flagsKnown != 0 {
		return false
	}
	if kind != reflect.Struct && kind != reflect.Array && h.size != sizes[kind] {
		return false
	}
	if !alignment(h.align) || !alignment(h.fieldAlign) || h.size%uintptr(h.align) != 0 {
		return false
	}
	if h.ptrBytes > h.size || h.ptrBytes%wordBytes != 0 || h.name == 0 {
		return false
	}
	if h.equal != 0 && !m.inFrozen(h.equal, wordBytes) {
		return false
	}
	return h.flags&flagLazyMask != 0 || m.inFrozen(h.gcData, 1)
}

func alignment(n uint8) bool { return n != 0 && n&(n-1) == 0 && uintptr(n) <= wordBytes }

// nameAt reads the name stored at address p: a byte of flags, the length in base 128, the bytes.
func (m *image) nameAt(p uintptr) (string, bool) {
	const (
		longest   = binary.MaxVarintLen32
		nameFlags = 1<<4 - 1
	)
	lead, ok := m.readable(p, 1+longest)
	if !ok || lead[0]&^nameFlags != 0 {
		return "", false
	}
	n, used := binary.Uvarint(lead[1:])
	if used <= 0 || n > maxText {
		return "", false
	}
	text, ok := m.readable(p+1+uintptr(used), uintptr(n))
	return unsafe.String(unsafe.SliceData(text), len(text)), ok
}

// nameOf reads the name that h gives its type, which is what String of the type answers.
func (m *image) nameOf(h *head) (string, bool) {
	s, ok := m.nameAt(m.names + uintptr(h.name))
	if ok && h.flags&flagExtraStar != 0 {
		if s == "" || s[0] != '*' {
			return "", false
		}
		s = s[1:]
	}
	return s, ok
}
