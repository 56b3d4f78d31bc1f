package codec

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

type tree struct {
	Name string
	Kids []tree
	Next *tree
}

type order struct {
	ID      int64
	private string
	Lines   []line
	Tags    map[string][]int32
	At      time.Time
	Left    *int
	Skipped func() `kiln:"-"`
	Done    bool
	Nested  struct{ A, B float32 }
	None    struct{}
	Fixed   [3]string
}

type line struct {
	SKU   string
	Price float64
	Blob  []byte
	C     complex128
}

// roundTrip encodes and decodes rows, once plain and once for every compression.
func roundTrip[T any](t interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}, rows []T) []T {
	t.Helper()
	c, err := For[T]()
	if err != nil {
		t.Fatal(err)
	}
	var got []T
	for comp := None; comp <= LZ4; comp++ {
		b, err := AppendRows(NewEncoder(c, comp), []byte("x"), rows)
		if err != nil {
			t.Fatal(err)
		}
		var rest []byte
		got, rest, err = NextRows[T](NewDecoder(c), b[1:], nil)
		if err != nil || len(rest) != 0 {
			t.Fatalf("%v: %v, %d bytes left", comp, err, len(rest))
		}
		if !reflect.DeepEqual(got, rows) && len(rows) > 0 {
			t.Fatalf("%v: got %+v, want %+v", comp, got, rows)
		}
	}
	return got
}

func TestRowsOfEveryKindReadBack(t *testing.T) {
	seven := 7
	roundTrip(t, []order{
		{ID: -5, private: "p", Lines: []line{{"a", 1.5, nil, 2i}, {"", math.Inf(-1), []byte{}, 0}}, Tags: map[string][]int32{"x": {1, -2}, "": nil},
			At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Left: &seven, Done: true, Fixed: [3]string{"x", "", "z"}},
		{Lines: []line{}, Tags: map[string][]int32{}, At: time.Time{}},
		{ID: math.MinInt64, Lines: nil},
	})
	roundTrip(t, []tree{{"a", []tree{{"b", nil, nil}, {"c", []tree{}, &tree{Name: "d"}}}, &tree{Name: "e"}}, {}})
	roundTrip(t, make([]struct{}, 5000))
	roundTrip(t, []int8{-128, 127})
	roundTrip(t, []uint64{0, math.MaxUint64})
	roundTrip(t, []int64{math.MinInt64, math.MaxInt64})
	roundTrip(t, make([]int, 10000))
	roundTrip(t, [][]int64{make([]int64, 9000), nil, {}})
	roundTrip(t, []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::1")})
	roundTrip(t, []map[int]string(nil))
	roundTrip(t, []**int{nil})
	roundTrip(t, [][]struct{}{make([]struct{}, 3), nil})
	roundTrip(t, [][0]int64{{}, {}})
	roundTrip(t, []bool{true, false})
}

func TestRandomRowsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(rt, "rows")
		rows := make([]line, n)
		pairs := make([]struct {
			K string
			V *int64
			L []uint16
		}, n)
		for i := range rows {
			rows[i] = line{rapid.String().Draw(rt, "s"), float64(rapid.Int().Draw(rt, "f")), rapid.SliceOf(rapid.Byte()).Draw(rt, "b"), complex(1, float64(i))}
			pairs[i].K = rapid.String().Draw(rt, "k")
			if rapid.Bool().Draw(rt, "nil") {
				v := rapid.Int64().Draw(rt, "v")
				pairs[i].V = &v
			}
			pairs[i].L = rapid.SliceOf(rapid.Uint16()).Draw(rt, "l")
		}
		roundTrip(rt, rows)
		roundTrip(rt, pairs)
	})
}

func TestFloatsKeepTheirBits(t *testing.T) {
	in := []float64{math.NaN(), math.Copysign(0, -1), math.Float64frombits(0x7ff8000000000123)}
	c, _ := For[float64]()
	b, err := c.Append(nil, unsafe.Pointer(&in[0]), len(in))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(in))
	if err := c.Decode(nil, b, unsafe.Pointer(&out[0]), len(out)); err != nil {
		t.Fatal(err)
	}
	for i := range in {
		if math.Float64bits(in[i]) != math.Float64bits(out[i]) {
			t.Errorf("%d: %x became %x", i, math.Float64bits(in[i]), math.Float64bits(out[i]))
		}
	}
}

func TestTypesThatCannotTravelAreRefusedByPath(t *testing.T) {
	//lint:ignore U1000 only the type is looked at
	type inner struct{ cb func() }
	type bad struct{ Lines []inner }
	for _, c := range []struct {
		typ  reflect.Type
		want []string
	}{
		{reflect.TypeFor[bad](), []string{"bad.Lines[].cb", "func"}},
		{reflect.TypeFor[map[string]chan int](), []string{"[]", "chan"}},
		{reflect.TypeFor[struct{ Mu sync.Mutex }](), []string{".Mu", "sync"}},
		{reflect.TypeFor[any](), []string{"interface"}},
		{reflect.TypeFor[unsafe.Pointer](), []string{"unsafe pointer"}},
		{reflect.TypeFor[struct{ E error }](), []string{".E", "interface"}},
	} {
		_, err := Of(c.typ)
		var te *TypeError
		if !errors.As(err, &te) {
			t.Fatalf("%v: %v", c.typ, err)
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%v: %q lacks %q", c.typ, err, w)
			}
		}
	}
}

func TestCyclicValuesAreErrors(t *testing.T) {
	loop := tree{Name: "loop"}
	loop.Next = &loop
	wide := tree{}
	wide.Kids = make([]tree, 3)
	for i := range wide.Kids {
		wide.Kids[i].Kids = wide.Kids
	}
	for _, v := range []tree{loop, wide} {
		if _, err := EncodeValue(v); !errors.Is(err, ErrCyclic) {
			t.Errorf("got %v", err)
		}
	}
	type node map[string]node
	m := node{}
	m["self"] = m
	if _, err := EncodeValue(m); !errors.Is(err, ErrCyclic) {
		t.Errorf("map: got %v", err)
	}
}

func TestLongListsAreNoCycles(t *testing.T) {
	var list *tree
	for i := range 20000 {
		list = &tree{Name: fmt.Sprint(i), Next: list}
	}
	b, err := EncodeValue(*list)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeValue[tree](nil, b)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := &got; p != nil; p = p.Next {
		n++
	}
	if n != 20000 {
		t.Errorf("%d links arrived", n)
	}
}

type point struct{ x, y int32 }

func (p point) MarshalBinary() ([]byte, error) { return []byte{byte(p.x), byte(p.y)}, nil }
func (p *point) UnmarshalBinary(b []byte) error {
	if len(b) != 2 {
		return errors.New("a point has two bytes")
	}
	p.x, p.y = int32(b[0]), int32(b[1])
	return nil
}

type shape interface{ area() float64 }
type square struct{ side float64 }

func (s square) area() float64 { return s.side * s.side }

func TestMarshalersAndRegisteredCodecsComeFirst(t *testing.T) {
	roundTrip(t, []point{{1, 2}, {3, 4}})
	Register(func(dst []byte, s shape) ([]byte, error) {
		return append(dst, byte(s.(square).side)), nil
	}, func(b []byte) (shape, error) { return square{float64(b[0])}, nil })
	roundTrip(t, []shape{square{2}, square{3}})
}

type handle struct{ ctx any }

func (h *handle) Depart(dst []byte) ([]byte, error) { return append(dst, "h"...), nil }
func (h *handle) Arrive(ctx any, src []byte) error  { h.ctx = ctx; return nil }

func TestTravellersArriveInTheContext(t *testing.T) {
	b, err := EncodeValue(struct{ H *handle }{&handle{}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeValue[struct{ H *handle }]("ctx", b)
	if err != nil || got.H.ctx != "ctx" {
		t.Errorf("got %+v, %v", got.H, err)
	}
}

func TestDetachedRowsShareNothing(t *testing.T) {
	c, _ := For[order]()
	seven := 7
	b, err := AppendRows(NewEncoder(c, None), nil, []order{{private: "secret", Lines: []line{{SKU: "sku", Blob: []byte("blob")}}, Tags: map[string][]int32{"k": {1}}, Left: &seven, Fixed: [3]string{"f"}}})
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := NextRows[order](NewDecoder(c), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := roundTrip(t, rows)
	if c.Footprint(unsafe.Pointer(&rows[0]), 1) < 20 {
		t.Error("the footprint leaves out what rows point to")
	}
	var a Arena
	c.Detach(unsafe.Pointer(&rows[0]), 1, &a)
	for i := range b {
		b[i] = 0xff
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("got %+v, want %+v", rows, want)
	}
}

func TestEqualMapsGiveEqualBytes(t *testing.T) {
	build := func(from, step int) map[string]int {
		m := map[string]int{}
		for i := range 100 {
			k := (from + i*step) % 100
			m[fmt.Sprint(k)] = k
		}
		return m
	}
	a, _ := EncodeValue(build(0, 1))
	b, _ := EncodeValue(build(50, 7))
	if !bytes.Equal(a, b) {
		t.Error("the order of insertion shows")
	}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	c, _ := For[line]()
	b, err := AppendRows(NewEncoder(c, S2), nil, []line{{"some words some words some words", 1, []byte("bytes"), 0}, {"x", 2, nil, 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		if _, _, err := NextRows[line](NewDecoder(c), b, nil); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("bit %d: %v", i, err)
		}
		b[i/8] ^= 1 << (i % 8)
	}
	for i := range b {
		if _, _, err := NextRows[line](NewDecoder(c), b[:i], nil); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	other, _ := For[order]()
	if _, _, err := NewDecoder(other).Next(b); !errors.Is(err, ErrCorrupt) {
		t.Errorf("rows of another type: %v", err)
	}
}

func TestBlocksReadFromStreams(t *testing.T) {
	c, _ := For[int64]()
	var stream []byte
	for i := range 3 {
		var err error
		if stream, err = AppendRows(NewEncoder(c, S2), stream, []int64{int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	r := bufio.NewReaderSize(bytes.NewReader(stream), 64)
	for i := range 3 {
		b, err := ReadBlock(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, _, err := NextRows[int64](NewDecoder(c), b, nil)
		if err != nil || len(rows) != 1 || rows[0] != int64(i) {
			t.Fatalf("block %d: %v, %v", i, rows, err)
		}
	}
	if _, err := ReadBlock(r, nil); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if _, err := ReadBlock(bufio.NewReader(bytes.NewReader(stream[:len(stream)-1][headSize:])), nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("in the middle: %v", err)
	}
}

func TestARecordOf256MBTravels(t *testing.T) {
	size := 256 << 20
	if testing.Short() {
		size = 4 << 20
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	c, _ := For[[]byte]()
	b, err := AppendRows(NewEncoder(c, S2), nil, [][]byte{big})
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := NextRows[[]byte](NewDecoder(c), b, nil)
	if err != nil || !bytes.Equal(rows[0], big) {
		t.Fatalf("%v, %d bytes", err, len(rows[0]))
	}
}

// golden is one row of every kind of column.
type golden struct {
	B       bool
	N       int16
	F       float32
	S       string
	Bytes   []byte
	List    []uint32
	P       *int8
	M       map[string]uint8
	A       [2]string
	At      time.Time
	Own     point
	Left    int64 `kiln:"-"`
	private complex64
}

func goldenRows() []golden {
	p := int8(-2)
	return []golden{
		{B: true, N: -3, F: 1.5, S: "kiln", Bytes: []byte("ab"), List: []uint32{7, 9}, P: &p, M: map[string]uint8{"y": 2, "x": 1}, A: [2]string{"l", "r"},
			At: time.Date(2026, 11, 21, 1, 2, 3, 4, time.FixedZone("X", 3600)), Own: point{5, 6}, private: 1i},
		{Bytes: []byte{}, List: []uint32{}, M: map[string]uint8{}, At: time.Unix(0, 0).UTC()},
		{N: 300, At: time.Time{}},
	}
}

// The bytes are a storage format: checkpoints outlive a build. The example of docs/format-block.md is the first line.
func TestBytesAreAsTheyWere(t *testing.T) {
	c, _ := For[line]()
	b, err := AppendRows(NewEncoder(c, None), nil, []line{{"ab", 1.5, []byte{9}, 2i}, {"", -1, nil, 1}})
	if err != nil {
		t.Fatal(err)
	}
	ints, _ := EncodeValue([]int64{5, 6, 300, -1})
	kinds, err := EncodeValue(goldenRows())
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%x\n%x\n%x\n", b, ints, kinds)
	name := filepath.Join("testdata", "golden.txt")
	if os.Getenv("REWRITE") != "" {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil || got != string(want) {
		t.Errorf("%v\ngot\n%swant\n%s", err, got, want)
	}
	old, err := hex.DecodeString(strings.Split(string(want), "\n")[2])
	if err != nil {
		t.Fatal(err)
	}
	rows, err := DecodeValue[[]golden](nil, old)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range goldenRows() {
		if !rows[i].At.Equal(want.At) {
			t.Errorf("row %d: time %v", i, rows[i].At)
		}
		rows[i].At, want.At = time.Time{}, time.Time{}
		if !reflect.DeepEqual(rows[i], want) {
			t.Errorf("row %d: got %+v, want %+v", i, rows[i], want)
		}
	}
}
