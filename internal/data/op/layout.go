package op

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// layout is what it takes to keep and move rows of a type without knowing the type. Scattering, spilling, grouping and sorting are
// written over layouts, not over type parameters: a new element type then costs the compiler a few lines, not all of them again.
//
// Memory for rows is allocated with the type of the rows, and pointers are stored as pointers, so the garbage collector sees
// nothing unusual.
type layout struct {
	typ      reflect.Type
	slice    reflect.Type
	size     uintptr
	codec    *codec.Codec
	flat     bool // rows refer to nothing outside of themselves
	pointers bool // rows have pointers in the collector's sense
	mover
}

var layouts sync.Map // of *layout, by reflect.Type

func layoutOf[T any]() (*layout, error) { return layoutFor(Reflect(TypeOf[T]())) }

func layoutFor(t reflect.Type) (*layout, error) {
	if l, ok := layouts.Load(t); ok {
		return l.(*layout), nil
	}
	c, err := codec.Of(t)
	if err != nil {
		return nil, err
	}
	l := &layout{typ: t, slice: reflect.SliceOf(t), size: t.Size(), codec: c, flat: c.Flat()}
	words := wordsOf(t)
	for _, pointer := range words {
		l.pointers = l.pointers || pointer
	}
	l.mover = moverFor(l, words)
	layouts.Store(t, l)
	return l, nil
}

// make allocates n zeroed rows.
func (l *layout) make(n int) unsafe.Pointer {
	return reflect.MakeSlice(l.slice, n, n).UnsafePointer()
}

// copy copies n rows that lie side by side.
func (l *layout) copy(dst, src unsafe.Pointer, n int) {
	if n == 0 || l.size == 0 {
		return
	}
	if !l.pointers {
		bytes := uintptr(n) * l.size
		copy(unsafe.Slice((*byte)(dst), bytes), unsafe.Slice((*byte)(src), bytes))
		return
	}
	reflect.Copy(reflect.SliceAt(l.typ, dst, n), reflect.SliceAt(l.typ, src, n))
}

// clear zeroes n rows.
func (l *layout) clear(base unsafe.Pointer, n int) {
	if n > 0 {
		reflect.SliceAt(l.typ, base, n).Clear()
	}
}

// bytes is the weight of n rows without what they refer to.
func (l *layout) bytes(n int) int64 { return int64(n) * int64(l.size) }

// refs is the weight of what n rows refer to.
func (l *layout) refs(base unsafe.Pointer, n int) int64 {
	if l.flat || n == 0 {
		return 0
	}
	return l.codec.Footprint(base, n)
}

// wordsOf says for each machine word of a type whether it is a pointer. It is nil for a type that is not made of whole words, which
// then has no pointers.
func wordsOf(t reflect.Type) []bool {
	const word = unsafe.Sizeof(uintptr(0))
	if t.Size()%word != 0 {
		return nil
	}
	words := make([]bool, t.Size()/word)
	markPointers(t, words)
	return words
}

func markPointers(t reflect.Type, words []bool) {
	const word = unsafe.Sizeof(uintptr(0))
	switch t.Kind() {
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan, reflect.Func, reflect.String, reflect.Slice:
		words[0] = true
	case reflect.Interface:
		words[0], words[1] = true, true
	case reflect.Array:
		size := t.Elem().Size()
		if size == 0 || size%word != 0 {
			return
		}
		for i := range t.Len() {
			markPointers(t.Elem(), words[uintptr(i)*size/word:])
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Type.Size() > 0 && f.Offset%word == 0 {
				markPointers(f.Type, words[f.Offset/word:])
			}
		}
	}
}

// rowBuffer is growable memory for rows of a layout.
type rowBuffer struct {
	*layout
	base   unsafe.Pointer
	n, cap int
}

// at gives where row i is.
func (b *rowBuffer) at(i int) unsafe.Pointer { return unsafe.Add(b.base, uintptr(i)*b.size) }

// reserve makes room for n rows in all, exactly, and keeps those that are there.
func (b *rowBuffer) reserve(n int) {
	if n <= b.cap {
		return
	}
	base := b.make(n)
	b.layout.copy(base, b.base, b.n)
	b.base, b.cap = base, n
}

// add appends n rows.
func (b *rowBuffer) add(rows unsafe.Pointer, n int) {
	if n == 0 {
		return
	}
	if b.n+n > b.cap {
		b.reserve(max(b.n+n, 2*b.cap, 64))
	}
	if n == 1 {
		b.one(b.at(b.n), rows)
	} else {
		b.layout.copy(b.at(b.n), rows, n)
	}
	b.n += n
}

// set makes the buffer n rows long, whatever they hold.
func (b *rowBuffer) set(n int) {
	if n > b.cap {
		b.n = 0
		b.reserve(max(n, 64))
	}
	b.n = n
}

// decode fills the buffer with the rows of the block at the front of src and gives what follows it.
func (b *rowBuffer) decode(d *codec.Decoder, src []byte) (rest []byte, err error) {
	block, rest, err := d.Next(src)
	if err != nil {
		return nil, err
	}
	b.set(block.Rows)
	b.layout.clear(b.base, b.n)
	return rest, d.Rows(nil, block, b.base)
}

// decodeMore appends the rows of the block at the front of src and gives what follows it.
func (b *rowBuffer) decodeMore(d *codec.Decoder, src []byte) (rest []byte, err error) {
	block, rest, err := d.Next(src)
	if err != nil {
		return nil, err
	}
	if block.Rows == 0 {
		return rest, nil
	}
	if n := b.n + block.Rows; n > b.cap {
		b.reserve(max(n, 2*b.cap))
	}
	if err := d.Rows(nil, block, b.at(b.n)); err != nil {
		return nil, err
	}
	b.n += block.Rows
	return rest, nil
}

// wipe forgets the rows and keeps the room.
func (b *rowBuffer) wipe() {
	if b.pointers {
		b.layout.clear(b.base, b.n)
	}
	b.n = 0
}

// free forgets the rows and the room.
func (b *rowBuffer) free() { b.base, b.n, b.cap = nil, 0, 0 }

// sliceHead is a slice in memory, as the language lays it out.
type sliceHead struct {
	base     unsafe.Pointer
	len, cap int
}

// firstAt gives where the first of rows lies.
func firstAt[T any](rows []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(rows)) }
