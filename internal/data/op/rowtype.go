package op

import (
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// RowType stands for the type of rows, as a nested operator. Operators that call no function of the user's are not generic: they move
// rows by their layout and carry a RowType, so that a new element type does not cost the compiler all of them again.
type RowType any

// Reflect gives the type that a RowType stands for.
func Reflect(rows RowType) reflect.Type {
	return reflect.TypeOf(rows).Elem().Field(0).Type.Elem().Elem()
}

// TypeOf gives the RowType of T.
func TypeOf[T any]() RowType { return &rowType[T]{} }

// rowType has no methods, as all methods are compiled for every element type; its field tells the type. That is a slice because what
// cannot be compared needs no function that compares.
type rowType[T any] struct{ _ [0][]T }

// wire gives the layout of rows and the push of the sink that is to take them.
func wire(rows RowType, down *Sink) (*layout, pushFunc, error) {
	l, err := layoutFor(Reflect(rows))
	if err != nil {
		return nil, nil, err
	}
	push, err := down.taking(rows)
	return l, push, err
}

// Rows are rows that the driver has.
type Rows struct{ buffer rowBuffer }

// DecodeRows reads back, on the driver, what Collect and its like answered for one partition after the other.
func DecodeRows(rows RowType, answers [][]byte) (Rows, error) {
	l, err := layoutFor(Reflect(rows))
	if err != nil {
		return Rows{}, err
	}
	r := Rows{rowBuffer{layout: l}}
	d := codec.NewDecoder(l.codec)
	for _, src := range answers {
		for len(src) > 0 {
			if src, err = r.buffer.decodeMore(d, src); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// RowsIn are the rows of a slice, of a type that can be encoded; they are not copied.
func RowsIn(slice any) Rows {
	v := reflect.ValueOf(slice)
	l, err := layoutFor(v.Type().Elem())
	if err != nil {
		panic(err)
	}
	return Rows{rowBuffer{layout: l, base: v.UnsafePointer(), n: v.Len(), cap: v.Len()}}
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.buffer.n }

// Add appends other rows of the same type.
func (r *Rows) Add(more Rows) {
	if r.buffer.layout == nil {
		*r = more
		return
	}
	r.buffer.add(more.buffer.base, more.buffer.n)
}

// Cut leaves the first n rows, if there are more.
func (r *Rows) Cut(n int) { r.buffer.n = min(n, r.buffer.n) }

// Shuffle brings the rows into an order that the function knows: math/rand's.
func (r *Rows) Shuffle(shuffle func(n int, swap func(i, j int))) {
	if r.buffer.n > 0 {
		shuffle(r.buffer.n, reflect.Swapper(reflect.SliceAt(r.buffer.typ, r.buffer.base, r.buffer.n).Interface()))
	}
}

// RowsOf gives rows as what they are; nil if there are none.
//
//go:noinline
func RowsOf[T any](r Rows) []T {
	return unsafe.Slice((*T)(r.of(TypeOf[T]())), r.buffer.n)
}

// of gives where the rows lie.
func (r Rows) of(rows RowType) unsafe.Pointer {
	if t := Reflect(rows); r.buffer.layout != nil && r.buffer.typ != t {
		panic("rows of " + r.buffer.typ.String() + " are taken for rows of " + t.String())
	}
	return r.buffer.base
}
