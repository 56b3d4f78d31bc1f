package op

import (
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"unsafe"
)

type mixed struct {
	Flag  bool
	Name  string
	Small int32
	List  []string
	Where map[string]int
	Pair  [2]struct {
		N int64
		S *string
	}
	Tail uint16
}

func TestRowsOfEveryShapeMoveWhole(t *testing.T) {
	word := func(i int) string { return fmt.Sprint("word ", i) }
	moves(t, func(int) struct{} { return struct{}{} })
	moves(t, func(i int) bool { return i%2 == 0 })
	moves(t, func(i int) int16 { return int16(i) })
	moves(t, func(i int) [3]byte { return [3]byte{byte(i), 1, byte(i * 3)} })
	moves(t, func(i int) [3]int32 { return [3]int32{int32(i), 1, -int32(i)} })
	moves(t, func(i int) float64 { return float64(i) / 3 })
	moves(t, func(i int) [2]int64 { return [2]int64{int64(i), -int64(i)} })
	moves(t, func(i int) [9]int64 { return [9]int64{0: int64(i), 8: -int64(i)} })
	moves(t, word)
	moves(t, func(i int) *string { s := word(i); return &s })
	moves(t, func(i int) []string { return []string{word(i), "x"}[:1+i%2] })
	moves(t, func(i int) map[string]int { return map[string]int{word(i): i} })
	moves(t, func(i int) KV[string, int64] { return KV[string, int64]{word(i), int64(i)} })
	moves(t, func(i int) KV[int64, string] { return KV[int64, string]{int64(i), word(i)} })
	moves(t, func(i int) KV[int32, *string] { s := word(i); return KV[int32, *string]{int32(i), &s} })
	moves(t, func(i int) KV[string, string] { return KV[string, string]{word(i), word(-i)} })
	moves(t, func(i int) KV[string, []byte] { return KV[string, []byte]{word(i), []byte(word(i))} })
	moves(t, func(i int) KV[int64, []byte] { return KV[int64, []byte]{int64(i), []byte(word(i))} })
	moves(t, func(i int) KV[string, [2]int64] { return KV[string, [2]int64]{word(i), [2]int64{int64(i), 7}} })
	moves(t, func(i int) mixed {
		s := word(i)
		m := mixed{Flag: true, Name: s, Small: int32(i), List: []string{s}, Where: map[string]int{s: i}, Tail: uint16(i)}
		m.Pair[1].N, m.Pair[1].S = int64(i), &s
		return m
	})
}

// moves checks copy, move, pick and one for rows of T against assignments, with a garbage collection in between: what a layout
// stores must keep alive what it refers to.
func moves[T any](t *testing.T, row func(i int) T) {
	t.Helper()
	l, err := layoutOf[T]()
	if err != nil {
		t.Errorf("%T: %v", *new(T), err)
		return
	}
	const n = 100
	order, ranks := make([]int32, n), make([]ranked, n)
	list := pieces{layout: l}
	moved, packed, one := rowBuffer{layout: l}, rowBuffer{layout: l}, rowBuffer{layout: l}
	moved.set(n)
	one.set(n)
	for i := range order {
		order[i] = int32(i * 37 % n)
		ranks[i].row = uint32(order[i])
	}
	func() { // the rows themselves do not outlive this function
		rows := make([]T, n)
		for i := range rows {
			rows[i] = row(i)
		}
		list.add(firstAt(rows), n, l.size)
		packed.add(firstAt(rows), n)
		l.move(moved.base, l.size, order, firstAt(rows), l.size, nil, n)
		for i := range rows {
			l.one(one.at(i), unsafe.Pointer(&rows[i]))
		}
	}()
	runtime.GC()
	picked := rowBuffer{layout: l}
	picked.set(n)
	l.pick(picked.base, list.list, ranks)
	runtime.GC()
	for i := range n {
		same := func(what string, b *rowBuffer, at, want int) {
			if got := *(*T)(b.at(at)); !reflect.DeepEqual(got, row(want)) {
				t.Errorf("%s %T: row %d is %v, want %v", what, got, at, got, row(want))
			}
		}
		same("copy", &packed, i, i)
		same("one", &one, i, i)
		same("move", &moved, int(order[i]), i)
		same("pick", &picked, i, int(order[i]))
	}
}

func TestLayoutsKnowWhichWordsArePointers(t *testing.T) {
	got := fmt.Sprint(wordsOf(reflect.TypeFor[mixed]()))
	want := fmt.Sprint([]bool{
		false,       // Flag
		true, false, // Name
		false,              // Small
		true, false, false, // List
		true,        // Where
		false, true, // Pair[0]
		false, true, // Pair[1]
		false, // Tail
	})
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
