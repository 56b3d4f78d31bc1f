package key

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"unsafe"

	"github.com/zeebo/xxh3"
	"pgregory.net/rapid"
)

func drawKeyType(t *rapid.T, depth int) reflect.Type {
	leaf := rapid.SampledFrom([]reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int8](), reflect.TypeFor[int](), reflect.TypeFor[uint16](), reflect.TypeFor[uintptr](), reflect.TypeFor[float32](),
		reflect.TypeFor[float64](), reflect.TypeFor[complex64](), reflect.TypeFor[complex128](), reflect.TypeFor[string](), reflect.TypeFor[[3]byte](),
	}).Draw(t, "leaf")
	switch kind := rapid.IntRange(0, 2).Draw(t, "kind"); {
	case depth == 0 || kind == 0:
		return leaf
	case kind == 1:
		return reflect.ArrayOf(rapid.IntRange(0, 3).Draw(t, "length"), drawKeyType(t, depth-1))
	}
	fields := make([]reflect.StructField, rapid.IntRange(0, 3).Draw(t, "fields"))
	for i := range fields {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: drawKeyType(t, depth-1)}
	}
	return reflect.StructOf(fields)
}

var floats = []float64{math.NaN(), 0, math.Copysign(0, -1), 1, -1, math.Inf(1)}

// drawKey draws from so few values that keys are often equal.
func drawKey(t *rapid.T, v reflect.Value) {
	n := rapid.IntRange(0, 1).Draw(t, "n")
	f := rapid.SampledFrom(floats).Draw(t, "f")
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(n == 1)
	case reflect.String:
		v.SetString([]string{"", "a"}[n])
	case reflect.Float32, reflect.Float64:
		v.SetFloat(f)
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(f, floats[n]))
	case reflect.Array:
		for i := range v.Len() {
			drawKey(t, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			drawKey(t, v.Field(i))
		}
	default:
		if v.CanInt() {
			v.SetInt(-int64(n))
		} else {
			v.SetUint(uint64(n))
		}
	}
}

// same is the rule in words: Go's equality, but NaN equals NaN.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Float32, reflect.Float64:
		return a.Float() == b.Float() || math.IsNaN(a.Float()) && math.IsNaN(b.Float())
	case reflect.Complex64, reflect.Complex128:
		x, y := a.Complex(), b.Complex()
		return same(reflect.ValueOf(real(x)), reflect.ValueOf(real(y))) && same(reflect.ValueOf(imag(x)), reflect.ValueOf(imag(y)))
	case reflect.Array:
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface()
}

func TestKeysOfRandomTypesAreEqualAsSaidAndHashAlikeThen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		typ := drawKeyType(rt, 2)
		k, err := Of(typ)
		if err != nil {
			rt.Fatal(err)
		}
		rows := reflect.MakeSlice(reflect.SliceOf(typ), 2, 2)
		a, b := rows.Index(0), rows.Index(1)
		drawKey(rt, a)
		drawKey(rt, b)
		want := same(a, b)
		if got := k.Equal(a.Addr().UnsafePointer(), b.Addr().UnsafePointer()); got != want {
			rt.Fatalf("%v: %v equals %v: %v, want %v", typ, a, b, got, want)
		}
		if k.Bits() && want != (a.Interface() == b.Interface()) {
			rt.Fatalf("%v: == says otherwise of %v and %v", typ, a, b)
		}
		var out [2]uint64
		k.Hash(rows.UnsafePointer(), 2, int(typ.Size()), out[:])
		if want && out[0] != out[1] {
			rt.Fatalf("%v: equal keys %v and %v have hashes %x", typ, a, b, out)
		}
	})
}

func TestBytesHashAsTheStringOfThem(t *testing.T) {
	if got, want := hashOf(t, [5]byte{'h', 'e', 'l', 'l', 'o'}), xxh3.HashString("hello"); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	a, b := [2][4]byte{{1}, {2}}, [2][4]byte{{1}, {3}}
	k, _ := Of(reflect.TypeOf(a))
	if k.Equal(unsafe.Pointer(&a), unsafe.Pointer(&b)) || hashOf(t, a) == hashOf(t, b) {
		t.Error("different arrays are taken for equal")
	}
}

func TestHashingAllocatesNothing(t *testing.T) {
	type pair struct {
		A string
		B int64
	}
	rows, out := make([]pair, 1000), make([]uint64, 1000)
	k, _ := Of(reflect.TypeFor[pair]())
	hash := func() { k.Hash(unsafe.Pointer(&rows[0]), len(rows), int(unsafe.Sizeof(rows[0])), out) }
	if n := testing.AllocsPerRun(100, hash); n > 1 {
		t.Errorf("%v allocations for %d keys", n, len(rows))
	}
}
