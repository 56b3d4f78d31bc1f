package op

import (
	"iter"
	"reflect"
	"unsafe"
)

// Calls is what an action of an RDD calls for its rows: one of the functions. The compiler makes whatever methods of RDD[T] mention for each
// type of rows, called or not, so there is one type with one method for all of these actions.
type Calls[T any] struct {
	Each    func(T)                               `kiln:"one"`
	Visit   func(*TaskContext, iter.Seq[T]) error `kiln:"one"`
	Merge   func(T, T) T                          `kiln:"one"`
	Compare func(a, b T) int                      `kiln:"one"`
	Zero    []T                                   // at most one row, before all that are merged
}

// Caller is Calls of some type of rows.
type Caller interface{ erase() calls }

// calls are the functions of Calls, for whom the type of rows has gone.
type calls struct {
	rows    reflect.Type
	each    func(rows unsafe.Pointer, n int)
	visit   func(*passage) error
	merge   folding
	zero    any // a slice
	compare ranking
}

// folding brings n rows together with what lies at sum.
type folding func(sum, rows unsafe.Pointer, n int)

// ranking says whether a row comes before another one: less than zero if so.
type ranking func(a, b unsafe.Pointer) int

func (c *Calls[T]) erase() calls {
	return calls{
		rows: Reflect(TypeOf[T]()),
		zero: c.Zero,
		each: func(rows unsafe.Pointer, n int) {
			f := c.Each
			for _, row := range unsafe.Slice((*T)(rows), n) {
				f(row)
			}
		},
		visit: func(p *passage) error {
			return c.Visit(p.t.Face(), func(yield func(T) bool) {
				p.run(func(rows unsafe.Pointer, n int) bool {
					for _, row := range unsafe.Slice((*T)(rows), n) {
						if !yield(row) {
							return false
						}
					}
					return true
				})
			})
		},
		merge: func(sum, rows unsafe.Pointer, n int) {
			f, s := c.Merge, *(*T)(sum)
			for _, row := range unsafe.Slice((*T)(rows), n) {
				s = f(s, row)
			}
			*(*T)(sum) = s
		},
		compare: func(a, b unsafe.Pointer) int { return c.Compare(*(*T)(a), *(*T)(b)) },
	}
}
