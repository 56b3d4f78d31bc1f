package key

import (
	"math"
	"math/bits"
	"reflect"
	"sync"
	"unsafe"

	"github.com/zeebo/xxh3"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Key hashes and compares keys of one type. It is immutable and safe for concurrent use.
type Key struct {
	part part
	bits bool
}

// A part hashes and compares one part of a key.
type part interface {
	hash(base unsafe.Pointer, n int, stride uintptr, out []uint64)
	equal(a, b unsafe.Pointer) bool
	exact() bool // Go's == says the same as equal
}

var cache sync.Map // reflect.Type -> *Key

// Of gives the Key of a type. The error is a *codec.TypeError.
func Of(t reflect.Type) (*Key, error) {
	if k, ok := cache.Load(t); ok {
		return k.(*Key), nil
	}
	p, err := partOf(t, t, t.String())
	if err != nil {
		return nil, err
	}
	k, _ := cache.LoadOrStore(t, &Key{part: p, bits: p.exact()})
	return k.(*Key), nil
}

// Hash gives the hashes of n keys that begin at base and lie stride bytes apart, in out, which has room for n.
func (k *Key) Hash(base unsafe.Pointer, n, stride int, out []uint64) {
	if n > 0 {
		k.part.hash(base, n, uintptr(stride), out[:n])
	}
}

// Bits reports that Go's == on the type is our equality: no floats are inside.
func (k *Key) Bits() bool { return k.bits }

// Equal compares two keys.
func (k *Key) Equal(a, b unsafe.Pointer) bool { return k.part.equal(a, b) }

// Partition gives the partition, from 0 up to n, that a hash belongs to; n is at least 1. It looks at the upper 32 bits only: tables
// inside a partition use the lower ones.
func Partition(hash uint64, n int) int {
	hi, _ := bits.Mul64(hash>>32<<32, uint64(n))
	return int(hi)
}

func partOf(top, t reflect.Type, path string) (part, error) {
	switch t.Kind() {
	case reflect.Bool, reflect.Uint8:
		return number[uint8]{}, nil
	case reflect.Int8:
		return number[int8]{}, nil
	case reflect.Int16:
		return number[int16]{}, nil
	case reflect.Int32:
		return number[int32]{}, nil
	case reflect.Int64, reflect.Int:
		return number[int64]{}, nil
	case reflect.Uint16:
		return number[uint16]{}, nil
	case reflect.Uint32:
		return number[uint32]{}, nil
	case reflect.Uint64, reflect.Uint, reflect.Uintptr:
		return number[uint64]{}, nil
	case reflect.Float32:
		return float[float32]{}, nil
	case reflect.Float64:
		return float[float64]{}, nil
	case reflect.Complex64:
		return &parts{fields: []place{{float[float32]{}, 0}, {float[float32]{}, 4}}}, nil
	case reflect.Complex128:
		return &parts{fields: []place{{float[float64]{}, 0}, {float[float64]{}, 8}}}, nil
	case reflect.String:
		return text{}, nil
	case reflect.Array:
		return arrayOf(top, t, path)
	case reflect.Struct:
		return structOf(top, t, path)
	}
	why := "a key is made of bools, numbers, strings, arrays and structs"
	switch t.Kind() {
	case reflect.Interface:
		why = "an interface is no key: its dynamic type may not be comparable; " + why
	case reflect.Pointer:
		why = "a pointer is no key: it means something else in every process; use what it points to"
	}
	return nil, &codec.TypeError{Type: top, Path: path, Part: t, Why: why}
}

func arrayOf(top, t reflect.Type, path string) (part, error) {
	elem, err := partOf(top, t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	if k := t.Elem().Kind(); k == reflect.Uint8 || k == reflect.Int8 || k == reflect.Bool {
		return bytes{t.Len()}, nil
	}
	ps := &parts{}
	for i := range t.Len() {
		ps.fields = append(ps.fields, place{elem, uintptr(i) * t.Elem().Size()})
	}
	return ps, nil
}

func structOf(top, t reflect.Type, path string) (part, error) {
	ps := &parts{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			continue // Go's == leaves blank fields out
		}
		p, err := partOf(top, f.Type, path+"."+f.Name)
		if err != nil {
			return nil, err
		}
		ps.fields = append(ps.fields, place{p, f.Offset})
	}
	return ps, nil
}

// number is a whole number: its hash is that of its value as 64 bits, so that the width of a type does not matter.
type number[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64] struct{}

func (number[T]) exact() bool                    { return true }
func (number[T]) equal(a, b unsafe.Pointer) bool { return *(*T)(a) == *(*T)(b) }
func (number[T]) hash(base unsafe.Pointer, _ int, stride uintptr, out []uint64) {
	for i := range out {
		row := unsafe.Add(base, uintptr(i)*stride)
		out[i] = hash64(uint64(*(*T)(row)))
	}
}

// hash64 is XXH3 of the eight bytes of v, little endian, written out: the loop above is the hottest of every shuffle by number.
func hash64(v uint64) uint64 {
	const flip = 0x1cad21f72c81017c ^ 0xdb979083e96dd4de // of XXH3's default secret
	h := bits.RotateLeft64(v, 32) ^ flip
	h ^= bits.RotateLeft64(h, 49) ^ bits.RotateLeft64(h, 24)
	h *= 0x9fb21c651e98df25
	h ^= h>>35 + 8
	h *= 0x9fb21c651e98df25
	return h ^ h>>28
}

// float hashes the bits of the canonical value: one NaN, one zero.
type float[T float32 | float64] struct{}

func (float[T]) exact() bool { return false }
func (float[T]) equal(a, b unsafe.Pointer) bool {
	x, y := *(*T)(a), *(*T)(b)
	return x == y || x != x && y != y
}
func (float[T]) hash(base unsafe.Pointer, _ int, stride uintptr, out []uint64) {
	for i := range out {
		row := unsafe.Add(base, uintptr(i)*stride)
		out[i] = hash64(canonical(float64(*(*T)(row))))
	}
}

func canonical(f float64) uint64 {
	switch {
	case f == 0:
		return 0
	case f != f:
		return 0x7ff8000000000001
	}
	return math.Float64bits(f)
}

type text struct{}

func (text) exact() bool                    { return true }
func (text) equal(a, b unsafe.Pointer) bool { return *(*string)(a) == *(*string)(b) }
func (text) hash(base unsafe.Pointer, _ int, stride uintptr, out []uint64) {
	for i := range out {
		row := unsafe.Add(base, uintptr(i)*stride)
		out[i] = xxh3.HashString(*(*string)(row))
	}
}

// bytes is an array of bytes, such as a digest or a UUID. Its hash is that of a string with the same bytes.
type bytes struct{ n int }

func (b bytes) at(p unsafe.Pointer) string     { return unsafe.String((*byte)(p), b.n) }
func (bytes) exact() bool                      { return true }
func (b bytes) equal(x, y unsafe.Pointer) bool { return b.at(x) == b.at(y) }
func (b bytes) hash(base unsafe.Pointer, _ int, stride uintptr, out []uint64) {
	for i := range out {
		out[i] = xxh3.HashString(b.at(unsafe.Add(base, uintptr(i)*stride)))
	}
}

// parts is a struct or an array. The hash mixes those of its fields in order; that of one field is the field's own.
type parts struct{ fields []place }

type place struct {
	part
	offset uintptr
}

func (p *parts) exact() bool {
	for _, f := range p.fields {
		if !f.exact() {
			return false
		}
	}
	return true
}

func (p *parts) equal(a, b unsafe.Pointer) bool {
	for _, f := range p.fields {
		if !f.equal(unsafe.Add(a, f.offset), unsafe.Add(b, f.offset)) {
			return false
		}
	}
	return true
}

// columns are the hashes of a field while they are mixed into those of the fields before it.
var columns = sync.Pool{New: func() any { return new([256]uint64) }}

func (p *parts) hash(base unsafe.Pointer, n int, stride uintptr, out []uint64) {
	if len(p.fields) == 0 {
		clear(out)
		return
	}
	p.fields[0].hash(unsafe.Add(base, p.fields[0].offset), n, stride, out)
	if len(p.fields) == 1 {
		return
	}
	next := columns.Get().(*[256]uint64)
	defer columns.Put(next)
	for _, f := range p.fields[1:] {
		for from := 0; from < n; from += len(next) {
			some := next[:min(len(next), n-from)]
			f.hash(unsafe.Add(base, f.offset+uintptr(from)*stride), len(some), stride, some)
			for i, h := range some {
				out[from+i] = hash64(bits.RotateLeft64(out[from+i], 29)*0x9e3779b97f4a7c15 + h)
			}
		}
	}
}
