package key

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"
)

// PrefixOf gives, for types with an order, a function that maps values to numbers in the same order: a < b never gives a greater number
// for a. Exact says that equal numbers mean equal values; else a comparison must decide. The function takes n values at base,
// stride bytes apart.
func PrefixOf(t reflect.Type) (prefix func(base unsafe.Pointer, n, stride int, out []uint64), exact, ok bool) {
	switch t.Kind() {
	case reflect.Int8:
		return signed[int8], true, true
	case reflect.Int16:
		return signed[int16], true, true
	case reflect.Int32:
		return signed[int32], true, true
	case reflect.Int64, reflect.Int:
		return signed[int64], true, true
	case reflect.Uint8:
		return unsigned[uint8], true, true
	case reflect.Uint16:
		return unsigned[uint16], true, true
	case reflect.Uint32:
		return unsigned[uint32], true, true
	case reflect.Uint64, reflect.Uint, reflect.Uintptr:
		return unsigned[uint64], true, true
	case reflect.Float32:
		return floating[float32], true, true
	case reflect.Float64:
		return floating[float64], true, true
	case reflect.String:
		return leading, false, true
	}
	return nil, false, false
}

func signed[T int8 | int16 | int32 | int64](base unsafe.Pointer, n, stride int, out []uint64) {
	for i := range out[:n] {
		row := unsafe.Add(base, uintptr(i)*uintptr(stride))
		out[i] = uint64(*(*T)(row)) ^ 1<<63
	}
}

func unsigned[T uint8 | uint16 | uint32 | uint64](base unsafe.Pointer, n, stride int, out []uint64) {
	for i := range out[:n] {
		row := unsafe.Add(base, uintptr(i)*uintptr(stride))
		out[i] = uint64(*(*T)(row))
	}
}

func floating[T float32 | float64](base unsafe.Pointer, n, stride int, out []uint64) {
	for i := range out[:n] {
		row := unsafe.Add(base, uintptr(i)*uintptr(stride))
		out[i] = orderedBits(float64(*(*T)(row)))
	}
}

// orderedBits puts NaN first and the two zeros together.
func orderedBits(f float64) uint64 {
	switch {
	case f != f:
		return 0
	case f == 0:
		return 1 << 63
	}
	b := math.Float64bits(f)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

// leading gives the first eight bytes of strings, big endian.
func leading(base unsafe.Pointer, n, stride int, out []uint64) {
	for i := range out[:n] {
		row := unsafe.Add(base, uintptr(i)*uintptr(stride))
		s := *(*string)(row)
		if len(s) >= 8 {
			out[i] = binary.BigEndian.Uint64(unsafe.Slice(unsafe.StringData(s), 8))
		} else {
			var p uint64
			for j := range len(s) {
				p |= uint64(s[j]) << (56 - 8*j)
			}
			out[i] = p
		}
	}
}
