package key

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"reflect"
	"testing"
	"unsafe"

	"github.com/zeebo/xxh3"
	"pgregory.net/rapid"
)

func hashOf[K any](t testing.TB, k K) uint64 {
	t.Helper()
	h, err := Of(reflect.TypeFor[K]())
	if err != nil {
		t.Fatal(err)
	}
	var out [1]uint64
	h.Hash(unsafe.Pointer(&k), 1, int(unsafe.Sizeof(k)), out[:])
	return out[0]
}

func TestNumbersHashAsXXH3DoesTheirBytes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := rapid.Uint64().Draw(rt, "v")
		if got, want := hash64(v), xxh3.Hash(binary.LittleEndian.AppendUint64(nil, v)); got != want {
			rt.Fatalf("%x: got %x, want %x", v, got, want)
		}
	})
}

func TestEqualKeysHaveEqualHashes(t *testing.T) {
	nan2 := math.Float64frombits(0x7ff8000000000123)
	type mixed struct {
		F float64
		S string
		A [2]float32
	}
	zero := math.Copysign(0, -1)
	if hashOf(t, math.NaN()) != hashOf(t, nan2) || hashOf(t, zero) != hashOf(t, 0.0) {
		t.Error("NaN or zero has two hashes")
	}
	a, b := mixed{math.NaN(), "s", [2]float32{0, 1}}, mixed{nan2, "s", [2]float32{float32(zero), 1}}
	if hashOf(t, a) != hashOf(t, b) {
		t.Error("equal structs have two hashes")
	}
	k, _ := Of(reflect.TypeFor[mixed]())
	if !k.Equal(unsafe.Pointer(&a), unsafe.Pointer(&b)) || k.Bits() {
		t.Error("NaN does not equal NaN")
	}
	b.A[1] = 2
	if k.Equal(unsafe.Pointer(&a), unsafe.Pointer(&b)) {
		t.Error("different keys are equal")
	}
}

func TestKeysOfManyRowsHashAsOne(t *testing.T) {
	type pair struct {
		K struct {
			A int32
			B string
		}
		V int64
	}
	rows := make([]pair, 200)
	for i := range rows {
		rows[i].K.A, rows[i].K.B = int32(i), fmt.Sprint(i)
	}
	k, _ := Of(reflect.TypeOf(rows[0].K))
	out := make([]uint64, len(rows))
	k.Hash(unsafe.Pointer(&rows[0]), len(rows), int(unsafe.Sizeof(rows[0])), out)
	for i := range rows {
		if out[i] != hashOf(t, rows[i].K) {
			t.Fatalf("row %d", i)
		}
	}
}

// The hash decides where a key lives: it must never change.
func TestHashesAndPartitionsAreAsTheyWere(t *testing.T) {
	type s struct {
		A int64
		B string
	}
	var got string
	for _, h := range []uint64{
		hashOf(t, int64(42)), hashOf(t, int8(-1)), hashOf(t, int64(-1)), hashOf(t, ""), hashOf(t, "kiln"), hashOf(t, 1.5), hashOf(t, float32(1.5)),
		hashOf(t, true), hashOf(t, s{1, "x"}), hashOf(t, [3]int16{1, 2, 3}), hashOf(t, struct{}{}), hashOf(t, complex(1, 2)),
	} {
		got += fmt.Sprintf("%016x %d %d\n", h, Partition(h, 7), Partition(h, 1000))
	}
	const name = "testdata/golden.txt"
	if os.Getenv("REWRITE") != "" {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil || string(want) != got {
		t.Errorf("%v, got\n%s", err, got)
	}
}

func TestPartitionsAreInRangeAndEven(t *testing.T) {
	counts := make([]int, 10)
	for i := range 100000 {
		counts[Partition(hash64(uint64(i)), len(counts))]++
	}
	for p, c := range counts {
		if c < 9000 || c > 11000 {
			t.Errorf("partition %d has %d of 100000", p, c)
		}
	}
}

func TestPrefixesKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ordered(rt, rapid.Int64().Draw(rt, "a"), rapid.Int64().Draw(rt, "b"))
		ordered(rt, rapid.Int8().Draw(rt, "a"), rapid.Int8().Draw(rt, "b"))
		ordered(rt, rapid.Uint32().Draw(rt, "a"), rapid.Uint32().Draw(rt, "b"))
		ordered(rt, rapid.String().Draw(rt, "a"), rapid.String().Draw(rt, "b"))
		special := rapid.SampledFrom([]float64{math.NaN(), math.Inf(-1), math.Inf(1), 0, math.Copysign(0, -1), 1, -1})
		f := rapid.OneOf(special, rapid.Float64())
		ordered(rt, f.Draw(rt, "a"), f.Draw(rt, "b"))
		ordered(rt, float32(f.Draw(rt, "a")), float32(f.Draw(rt, "b")))
	})
}

func ordered[T cmp.Ordered](rt *rapid.T, a, b T) {
	prefix, exact, ok := PrefixOf(reflect.TypeFor[T]())
	if !ok {
		rt.Fatalf("%T has no order", a)
	}
	var p [2]uint64
	prefix(unsafe.Pointer(&[2]T{a, b}), 2, int(unsafe.Sizeof(a)), p[:])
	c, got := cmp.Compare(a, b), cmp.Compare(p[0], p[1])
	if exact && got != c || !exact && got != 0 && got != c {
		rt.Fatalf("%v and %v compare as %d, their prefixes as %d", a, b, c, got)
	}
}

func TestTypesThatAreNoKeysAreRefused(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[any](), reflect.TypeFor[*int](), reflect.TypeFor[struct{ E error }](), reflect.TypeFor[[2]*int]()} {
		if _, err := Of(typ); err == nil {
			t.Errorf("%v is a key", typ)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	k, _ := Of(reflect.TypeFor[int64]())
	in, out := make([]int64, 1024), make([]uint64, 1024)
	for b.Loop() {
		k.Hash(unsafe.Pointer(&in[0]), len(in), 8, out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(in)), "ns/key")
}
