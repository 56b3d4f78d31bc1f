package codec

import (
	"bytes"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

// everything has a column of every kind.
type everything struct {
	A int32
	B uint64
	C bool
	D string
	E []byte
	F float64
	G [3]int16
	H []int32
	I []string
	J map[string]int
	K *int
	L time.Time
	M [2]float32
	N struct{ X, Y int8 }
	O [][]float64
	P []struct{}
}

func drawEverything(t *rapid.T) everything {
	small := rapid.IntRange(-2, 2)
	text := rapid.StringN(0, 12, 20)
	e := everything{
		A: rapid.Int32Range(-2, 2).Draw(t, "A"), B: rapid.Uint64().Draw(t, "B"), C: rapid.Bool().Draw(t, "C"), D: text.Draw(t, "D"),
		F: rapid.Float64().Draw(t, "F"), L: time.Unix(rapid.Int64Range(0, 3).Draw(t, "L"), 0).UTC(),
	}
	for i := range e.G {
		e.G[i] = int16(small.Draw(t, "G"))
	}
	if rapid.Bool().Draw(t, "has E") {
		e.E = append([]byte{}, text.Draw(t, "E")...)
	}
	if rapid.Bool().Draw(t, "has H") {
		e.H = append([]int32{}, rapid.SliceOfN(rapid.Int32Range(-1, 1), 0, 5).Draw(t, "H")...)
	}
	e.I = rapid.SliceOfN(text, 0, 3).Draw(t, "I")
	e.J = rapid.MapOfN(text, small, 0, 3).Draw(t, "J")
	if rapid.Bool().Draw(t, "has K") {
		n := small.Draw(t, "K")
		e.K = &n
	}
	e.M[1] = rapid.Float32().Draw(t, "M")
	e.N.Y = int8(small.Draw(t, "N"))
	e.O = rapid.SliceOfN(rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 2), 0, 3).Draw(t, "O")
	e.P = make([]struct{}, rapid.IntRange(0, 2).Draw(t, "P"))
	return e
}

func hashOf[T any](t interface{ Fatal(...any) }, rows ...T) []uint64 {
	c, err := For[T]()
	if err != nil {
		t.Fatal(err)
	}
	into := make([]uint64, len(rows))
	if err := c.Mix(unsafe.Pointer(unsafe.SliceData(rows)), len(rows), unsafe.Sizeof(*new(T)), into); err != nil {
		t.Fatal(err)
	}
	return into
}

func TestValuesMixAlikeExactlyWhenTheirEncodingsAreTheSame(t *testing.T) {
	c, err := For[everything]()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := []everything{drawEverything(t), drawEverything(t), drawEverything(t)}
		// One field of the first is changed, at most, so that rows differ in little.
		rows[1] = rows[0]
		at := rapid.IntRange(0, reflect.TypeFor[everything]().NumField()-1).Draw(t, "field")
		reflect.ValueOf(&rows[1]).Elem().Field(at).Set(reflect.ValueOf(drawEverything(t)).Field(at))
		encoded := make([][]byte, len(rows))
		for i := range rows {
			if encoded[i], err = c.Append(nil, unsafe.Pointer(&rows[i]), 1); err != nil {
				t.Fatal(err)
			}
		}
		hashes := hashOf(t, rows...)
		for i := range rows {
			for j := range rows {
				if (hashes[i] == hashes[j]) != bytes.Equal(encoded[i], encoded[j]) {
					t.Fatalf("%+v and %+v mix to %x and %x", rows[i], rows[j], hashes[i], hashes[j])
				}
			}
			if alone := hashOf(t, rows[i]); alone[0] != hashes[i] {
				t.Fatalf("%+v mixes to %x alone, and to %x among others", rows[i], alone[0], hashes[i])
			}
		}
	})
}

func TestMixingGoesOnFromWhatIsThere(t *testing.T) {
	type pair struct{ X, Y int64 }
	c, err := For[int64]()
	if err != nil {
		t.Fatal(err)
	}
	rows := []pair{{1, 2}, {2, 1}, {1, 1}}
	into := make([]uint64, len(rows))
	for _, offset := range []uintptr{0, 8} { // one field after the other is the whole
		if err := c.Mix(unsafe.Add(unsafe.Pointer(&rows[0]), offset), len(rows), 16, into); err != nil {
			t.Fatal(err)
		}
	}
	if want := hashOf(t, rows...); !reflect.DeepEqual(into, want) || want[0] == want[1] {
		t.Errorf("%x, want %x, which all differ", into, want)
	}
}

func TestAValueThatContainsItselfCanNotBeMixed(t *testing.T) {
	type ring struct{ Next *ring }
	r := &ring{}
	r.Next = r
	c, err := For[*ring]()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Mix(unsafe.Pointer(&r), 1, 8, make([]uint64, 1)); err == nil {
		t.Error("it was mixed")
	}
}

func TestMixingNumbersAllocatesNothing(t *testing.T) {
	rows, into := make([][2]string, 100), make([]uint64, 100)
	c, err := For[[2]string]()
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() {
		if err := c.Mix(unsafe.Pointer(&rows[0]), len(rows), unsafe.Sizeof(rows[0]), into); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
