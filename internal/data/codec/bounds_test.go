package codec

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"
	"time"
	"unsafe"
)

// allocated gives the bytes that f asks the heap for.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

type heavy struct {
	N    int64
	Left [1 << 20]byte `kiln:"-"`
}

type wide [1 << 16]int64

//lint:ignore U1000 only the type is looked at
type boxed struct{ b [1 << 20]byte }

func (*boxed) MarshalBinary() ([]byte, error)   { return nil, nil }
func (*boxed) UnmarshalBinary(src []byte) error { return nil }

// Whatever the count of rows says, room is made only for what the bytes can hold.
func TestFewBytesAskForLittleMemory(t *testing.T) {
	if got := allocated(func() {
		claim[[]heavy](t)
		claim[[]wide](t)
		claim[[]boxed](t)
		claim[*boxed](t)
		claim[map[int64]heavy](t)
		claim[[][]struct {
			A [0]int
			B [1 << 20]byte `kiln:"-"`
		}](t)
	}); got > 16<<20 {
		t.Errorf("%d bytes", got)
	}
}

// claim decodes 250 elements of no content.
func claim[T any](t *testing.T) {
	c, err := For[T]()
	if err != nil {
		t.Fatal(err)
	}
	var row T
	for _, src := range [][]byte{{251 << 1 & 0x7f, 0, 0, 0, 0, 0, 0, 0}, {0xf6, 0x03, 0, 0, 0, 0, 0, 0}, {1, 0, 0, 0}} {
		if err := c.Decode(nil, src, unsafe.Pointer(&row), 1); err == nil {
			t.Errorf("%v: decoded from %x", c.Type(), src)
		}
	}
	b, err := AppendRows(NewEncoder(c, None), nil, make([]T, 1))
	if err != nil {
		t.Fatal(err)
	}
	putHead(b, None, fewNumbers, len(b)-headSize, c.fingerprint)
	if c.size > 8<<10 {
		if _, _, err := NextRows[T](NewDecoder(c), b, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%v: %v", c.Type(), err)
		}
	}
}

func TestRowsMostlyLeftBehindStillTravel(t *testing.T) {
	got := roundTrip(t, []heavy{{N: 1}, {N: 2}})
	if got[1].N != 2 {
		t.Error(got[1].N)
	}
}

func TestCountsOfNothingAreBoundedOnBothSides(t *testing.T) {
	c, _ := For[[]struct{}]()
	row := make([]struct{}, MaxRows+1)
	if _, err := c.Append(nil, unsafe.Pointer(&row), 1); err == nil {
		t.Error("encoded what cannot be decoded")
	}
	row = row[:MaxRows]
	b, err := c.Append(nil, unsafe.Pointer(&row), 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []struct{}
	if err := c.Decode(nil, b, unsafe.Pointer(&got), 1); err != nil || len(got) != MaxRows {
		t.Errorf("%d, %v", len(got), err)
	}
}

type node struct {
	Left, Right *node
	V           int
}

func TestRecursiveValuesEndOneWayOrAnother(t *testing.T) {
	var build func(depth int) *node
	build = func(depth int) *node {
		if depth == 0 {
			return nil
		}
		return &node{build(depth - 1), build(depth - 1), depth}
	}
	tall := build(15) // many parts and branches: searched for cycles once, not once for each branch
	roundTripPlain(t, *tall)
	c, _ := For[node]()
	if got, want := c.Footprint(unsafe.Pointer(tall), 1), int64(1<<15-2)*24; got != want {
		t.Errorf("a footprint of %d, want %d", got, want)
	}

	loop := node{V: 1}
	loop.Left = &loop
	both := node{V: 1}
	both.Left, both.Right = &both, &both
	list := &node{}
	for range maxDepth + 10 {
		list = &node{Left: list}
	}
	for _, n := range []*node{&loop, &both, list} {
		if _, err := EncodeValue(*n); err == nil {
			t.Error("encoded without end")
		}
		c.Footprint(unsafe.Pointer(n), 1)
		own := *n
		var a Arena
		c.Detach(unsafe.Pointer(&own), 1, &a)
	}
}

func roundTripPlain[T any](t *testing.T, v T) {
	t.Helper()
	b, err := EncodeValue(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeValue[T](nil, b)
	if err != nil || !reflect.DeepEqual(got, v) {
		t.Fatalf("%v, got %v", err, got)
	}
}

func TestDeepBytesDoNotExhaustTheStack(t *testing.T) {
	type rope struct{ Next [][][]*rope }
	c, _ := For[rope]()
	level := []byte{4, 0, 4, 0, 4, 0, 1} // a slice of a slice of a slice of one
	var row rope
	if err := c.Decode(nil, bytes.Repeat(level, 1<<20), unsafe.Pointer(&row), 1); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

func TestEmbeddedTimesLeaveNoFieldBehind(t *testing.T) {
	type event struct {
		time.Time
		Name string
	}
	got := roundTrip(t, []event{{time.Unix(5, 6).UTC(), "a"}, {time.Time{}, "b"}})
	if got[0].Name != "a" {
		t.Errorf("got %+v", got)
	}
}

func TestTimesKeepInstantAndZone(t *testing.T) {
	now := time.Now()
	rows := []time.Time{
		now, now.UTC(), {}, time.Unix(1<<40, 999999999), time.Unix(-1<<40, 1).UTC(), now.In(time.FixedZone("X", -3*3600-15)),
		now.In(time.FixedZone("Y", 3600)), now.In(time.FixedZone("", 3600)), now.In(time.FixedZone("X", -3*3600-15)),
	}
	c, _ := For[time.Time]()
	b, err := AppendRows(NewEncoder(c, S2), nil, rows)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := NextRows[time.Time](NewDecoder(c), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if !got[i].Equal(rows[i]) || got[i].Format(time.RFC3339Nano+" MST") != rows[i].Format(time.RFC3339Nano+" MST") {
			t.Errorf("%d: got %v, want %v", i, got[i], rows[i])
		}
	}
	if got[0] != now.Round(0) {
		t.Errorf("local time came back as %#v", got[0])
	}
}

type animal interface{ name() string }
type cat struct{ n string }

func (c cat) name() string { return c.n }

func TestNilInterfacesTravelByThemselves(t *testing.T) {
	Register(func(dst []byte, a animal) ([]byte, error) { return append(dst, a.name()...), nil },
		func(src []byte) (animal, error) { return cat{string(src)}, nil })
	got := roundTrip(t, []struct{ A animal }{{cat{"tom"}}, {nil}, {cat{""}}})
	c, _ := For[struct{ A animal }]()
	var a Arena
	c.Detach(unsafe.Pointer(&got[0]), len(got), &a)
	if got[0].A.name() != "tom" || got[1].A != nil {
		t.Errorf("got %+v", got)
	}
}

func TestMapsWithEqualLookingKeysGiveEqualBytes(t *testing.T) {
	build := func(order []int) map[float64]int {
		m := map[float64]int{}
		for _, i := range order {
			m[math.NaN()] = i
		}
		return m
	}
	var all [][]byte
	for range 8 {
		a, err := EncodeValue(build([]int{1, 2, 3, 4, 5, 6, 7}))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := EncodeValue(build([]int{7, 3, 1, 2, 6, 5, 4}))
		all = append(all, a, b)
	}
	for _, b := range all {
		if !bytes.Equal(b, all[0]) {
			t.Fatal("the order of insertion shows")
		}
	}
}

// The decoder's own memory is used again only for rows that do not refer to it.
func TestRowsOutliveTheNextBlock(t *testing.T) {
	c, _ := For[struct {
		N int64
		L []uint8
		P *int64
	}]()
	fixed, _ := For[[4]int64]()
	words, _ := For[string]()
	_ = c
	blocks := func(comp Compression) {
		var ints [][4]int64
		var strs []string
		for i := range 500 {
			ints = append(ints, [4]int64{int64(i), 1, 1, 1})
			strs = append(strs, fmt.Sprint("word number ", i))
		}
		e, f := NewEncoder(fixed, comp), NewEncoder(words, comp)
		a, _ := AppendRows(e, nil, ints)
		b, _ := AppendRows(e, nil, ints[:250])
		x, _ := AppendRows(f, nil, strs)
		y, _ := AppendRows(f, nil, strs[:250])
		d, g := NewDecoder(fixed), NewDecoder(words)
		first, _, err := NextRows[[4]int64](d, a, nil)
		if err != nil {
			t.Fatal(err)
		}
		firstWords, _, err := NextRows[string](g, x, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := NextRows[[4]int64](d, b, nil); err != nil {
			t.Fatal(err)
		}
		if _, _, err := NextRows[string](g, y, nil); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(first, ints) || !reflect.DeepEqual(firstWords, strs) {
			t.Errorf("%v: rows changed when the next block was read", comp)
		}
	}
	for comp := None; comp <= LZ4; comp++ {
		blocks(comp)
	}
}

func TestWhatDoesNotShrinkIsStoredAndSoonNotTried(t *testing.T) {
	noise := make([]uint64, 4096)
	x := uint64(1)
	for i := range noise {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		noise[i] = x
	}
	c, _ := For[uint64]()
	for _, comp := range []Compression{S2, Zstd, LZ4} {
		e := NewEncoder(c, comp)
		b, err := AppendRows(e, nil, noise)
		if err != nil || Compression(b[3]) != None {
			t.Errorf("%v: %v, stored by %v", comp, err, Compression(b[3]))
		}
		for range 10 {
			if b, err = AppendRows(e, b[:0], make([]uint64, 4096)); err != nil {
				t.Fatal(err)
			}
		}
		if Compression(b[3]) != comp {
			t.Errorf("%v: not tried again", comp)
		}
	}
}

func TestStreamsReadThroughTheSmallestBuffer(t *testing.T) {
	c, _ := For[string]()
	b, _ := AppendRows(NewEncoder(c, S2), nil, []string{"a", "b"})
	got, err := ReadBlock(bufio.NewReaderSize(bytes.NewReader(b), 16), nil)
	if err != nil || !bytes.Equal(got, b) {
		t.Errorf("%v, %x", err, got)
	}
}

func TestLongDetachedTextSharesChunksAndKeepsApart(t *testing.T) {
	type row struct {
		S string
		V []float64
		B []byte
	}
	rows := make([]row, 3000)
	for i := range rows {
		rows[i] = row{fmt.Sprint("s", i), []float64{float64(i), 1}, []byte{byte(i)}}
	}
	rows[7].V, rows[8].B = make([]float64, 5000), bytes.Repeat([]byte{9}, 20000)
	got := roundTrip(t, rows)
	c, _ := For[row]()
	var a Arena
	c.Detach(unsafe.Pointer(&got[0]), len(got), &a)
	if !reflect.DeepEqual(got, rows) {
		t.Error("detached rows differ")
	}
	for i := range got {
		if p := uintptr(unsafe.Pointer(unsafe.SliceData(got[i].V))); p%8 != 0 {
			t.Fatalf("row %d: floats at %x", i, p)
		}
	}
	got[0].V = append(got[0].V, 5) // must not run into a neighbour
	if !reflect.DeepEqual(got[1:], rows[1:]) {
		t.Error("rows share room")
	}
}
