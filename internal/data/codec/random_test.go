package codec

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

var leaves = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](), reflect.TypeFor[int](),
	reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](), reflect.TypeFor[uint](), reflect.TypeFor[uintptr](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[complex64](), reflect.TypeFor[complex128](),
	reflect.TypeFor[string](), reflect.TypeFor[[]byte](), reflect.TypeFor[struct{}](), reflect.TypeFor[point](), reflect.TypeFor[tree](), reflect.TypeFor[line](),
}

// drawType builds a type nobody thought of.
func drawType(t *rapid.T, depth int) reflect.Type {
	kind := rapid.IntRange(0, 8).Draw(t, "kind")
	if depth == 0 || kind < 4 {
		return rapid.SampledFrom(leaves).Draw(t, "leaf")
	}
	switch kind {
	case 4:
		return reflect.SliceOf(drawType(t, depth-1))
	case 5:
		return reflect.ArrayOf(rapid.IntRange(0, 3).Draw(t, "length"), drawType(t, depth-1))
	case 6:
		return reflect.PointerTo(drawType(t, depth-1))
	case 7:
		key := drawType(t, 1)
		if !key.Comparable() || hasPointers(key) && key.Kind() != reflect.String {
			key = reflect.TypeFor[string]() // DeepEqual finds no pointer again
		}
		return reflect.MapOf(key, drawType(t, depth-1))
	}
	fields := make([]reflect.StructField, rapid.IntRange(0, 4).Draw(t, "fields"))
	for i := range fields {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: drawType(t, depth-1)}
	}
	return reflect.StructOf(fields)
}

// drawInto fills v. Floats are whole numbers: NaN has its own test, as DeepEqual does not know it.
func drawInto(t *rapid.T, v reflect.Value, depth int) {
	if !v.CanSet() {
		v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := rapid.Int64().Draw(t, "int")
		if v.Type() == reflect.TypeFor[int32]() {
			n &= 0x7f // a point marshals no more than that
		}
		v.SetInt(n >> (64 - 8*v.Type().Size()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(rapid.Uint64().Draw(t, "uint") >> (64 - 8*v.Type().Size()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(rapid.Int16().Draw(t, "float")))
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(float64(rapid.Int16().Draw(t, "real")), 1))
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Pointer:
		if depth > 0 && rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			drawInto(t, v.Elem(), depth-1)
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(t, "length"); depth > 0 && n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				drawInto(t, v.Index(i), depth-1)
			}
		}
	case reflect.Map:
		if n := rapid.IntRange(-1, 3).Draw(t, "length"); depth > 0 && n >= 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n {
				key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				drawInto(t, key, depth-1)
				drawInto(t, value, depth-1)
				v.SetMapIndex(key, value)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			drawInto(t, v.Index(i), depth)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			drawInto(t, v.Field(i), depth)
		}
	}
}

func first(v reflect.Value) unsafe.Pointer { return v.UnsafePointer() }

func TestRandomTypesReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		typ := drawType(rt, 3)
		c, err := Of(typ)
		if err != nil {
			rt.Fatalf("%v: %v", typ, err)
		}
		n := rapid.SampledFrom([]int{0, 1, 2, 3, 300}).Draw(rt, "rows")
		rows := reflect.MakeSlice(reflect.SliceOf(typ), n, n)
		for i := range min(n, 3) {
			drawInto(rt, rows.Index(i), 4)
		}
		encoded, err := c.Append(nil, first(rows), n)
		if err != nil {
			rt.Fatalf("%v: %v", typ, err)
		}
		again, err := c.Append([]byte("x"), first(rows), n)
		if err != nil || !bytes.Equal(again[1:], encoded) {
			rt.Fatalf("%v: other bytes the second time, %v", typ, err)
		}
		got := reflect.MakeSlice(rows.Type(), n, n)
		if err := c.Decode(nil, encoded, first(got), n); err != nil {
			rt.Fatalf("%v: %v", typ, err)
		}
		if !reflect.DeepEqual(got.Interface(), rows.Interface()) {
			rt.Fatalf("%v: got %+v, want %+v", typ, got, rows)
		}
		if size := c.Footprint(first(got), n); size < 0 || size > 0 && c.Flat() {
			rt.Fatalf("%v: a footprint of %d", typ, size)
		}
		var a Arena
		c.Detach(first(got), n, &a)
		for i := range encoded {
			encoded[i] ^= 0x55
		}
		if !reflect.DeepEqual(got.Interface(), rows.Interface()) {
			rt.Fatalf("%v: after the source changed: got %+v, want %+v", typ, got, rows)
		}
	})
}

func TestDamagedRowsOfRandomTypesAreErrorsOrOtherRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		typ := drawType(rt, 3)
		c, err := Of(typ)
		if err != nil {
			rt.Fatal(err)
		}
		rows := reflect.MakeSlice(reflect.SliceOf(typ), 3, 3)
		for i := range 3 {
			drawInto(rt, rows.Index(i), 3)
		}
		encoded, err := c.Append(nil, first(rows), 3)
		if err != nil || len(encoded) == 0 {
			return
		}
		for range 20 {
			damaged := bytes.Clone(encoded)
			damaged[rapid.IntRange(0, len(damaged)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
			_ = c.Decode(nil, damaged, first(reflect.MakeSlice(rows.Type(), 3, 3)), 3)
		}
		cut := encoded[:rapid.IntRange(0, len(encoded)-1).Draw(rt, "cut")]
		if err := c.Decode(nil, cut, first(reflect.MakeSlice(rows.Type(), 3, 3)), 3); err == nil {
			rt.Fatalf("%v: %d of %d bytes are enough", typ, len(cut), len(encoded))
		}
		if err := c.Decode(nil, append(encoded, 0), first(reflect.MakeSlice(rows.Type(), 3, 3)), 3); !errors.Is(err, ErrCorrupt) {
			rt.Fatalf("%v: a byte too many: %v", typ, err)
		}
	})
}

func TestIntegersOfEveryRangeReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		least, spread := rapid.Int64().Draw(rt, "least"), rapid.SampledFrom([]uint64{1, 200, 300, 1 << 16, 1 << 31, 1 << 33, math.MaxUint64}).Draw(rt, "spread")
		n := rapid.SampledFrom([]int{1, 2, fewNumbers, fewNumbers + 1, 1000}).Draw(rt, "rows")
		rows := make([]struct {
			A int64
			B uint64
			C int16
		}, n)
		for i := range rows {
			d := uint64(i) * 0x9e3779b97f4a7c15 % spread
			rows[i].A, rows[i].B, rows[i].C = least+int64(d), uint64(least)+d, int16(d)
		}
		roundTrip(rt, rows)
	})
}
