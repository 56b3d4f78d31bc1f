// Package functions ships functions of every sort.
package functions

import (
	"context"
	"iter"
	"strings"

	"github.com/kilnproject/kiln"
)

const limit = 10

type point struct{ x, y int }

func (p point) scale(n int) int    { return p.x * n }
func (p *point) move(n int) int    { return p.y + n }
func (p point) same() point        { return p }
func increment(n int) int          { return n + 1 }
func double[T int | string](v T) T { return v + v }

type plus struct{ n int }

func (f plus) Apply(v int) int { return v + f.n }

type twice[T any] struct {
	F     func(T) T
	Inner struct{ G func(T) T }
}

func (f twice[T]) Apply(v T) T { return f.F(f.F(v)) }

func adder(k int) func(int) int { return func(n int) int { return n + k } }

func squarer() func(int) int { return func(n int) int { return n * n } }

func chooser[T any]() func(T) T { return func(v T) T { return v } }

func travels(ctx context.Context, s *kiln.Session, d kiln.RDD[int], lines kiln.RDD[string]) {
	kiln.FlatMap(lines, strings.Fields)
	kiln.Map(d, increment)
	kiln.Map(d, double)
	kiln.Map(d, double[int])
	kiln.Map(d, func(n int) int { return n + limit })
	kiln.Map(d, squarer())
	kiln.Map(kiln.Map(d, func(n int) point { return point{x: n} }), point.same)
	kiln.Map(d, func(n int) int {
		k := n
		add := func(m int) int { return m + k }
		return add(n)
	})
	kiln.MapWith(d, point{}, point.scale)
	kiln.MapFn(d, plus{limit})
	kiln.MapFn(d, twice[int]{F: increment})
	kiln.MapFn(d, adderFn)
	f := func(n int) int { return n }
	kiln.Map(d, f)
	total := 0
	kiln.FromSeq(s, func(yield func(int) bool) { yield(total) })
	kiln.MapPartitions(d, func(t *kiln.TaskContext, rows iter.Seq[int]) iter.Seq2[int, error] {
		n := 0
		t.OnCompletion(func() { n++ })
		return nil
	})
}

var adderFn = plus{3}

func captures(ctx context.Context, s *kiln.Session, d kiln.RDD[int], n int) {
	total := 0
	kiln.Map(d, func(v int) int { return v + n })                                                   // want `literal captures n; pass it with MapWith or a broadcast`
	d.ForEach(ctx, func(v int) { total += v * n; total++ })                                         // want `literal captures total, n; pass them with MapWith or a broadcast`
	d.Top(ctx, n, func(a, b int) int { return n })                                                  // want `literal captures n`
	d.Reduce(ctx, (func(a, b int) int { return func() int { return a + total }() }))                // want `literal captures total`
	kiln.MapAll(d, increment, func(v int) int { return v + n })                                     // want `literal captures n`
	kiln.Map[int, int](d, adder(n))                                                                 // want `adder returns a literal that captures k; pass it with MapWith or a broadcast`
	kiln.MapFn(d, twice[int]{func(v int) int { return n }, struct{ G func(int) int }{G: adder(1)}}) // want `literal captures n` `adder returns a literal that captures k`
	kiln.MapFn(d, &twice[int]{F: func(v int) int { return n }})                                     // want `literal captures n` `\*twice\[int\].F: func`

	f := func(v int) int { return v + n }
	kiln.Map(d, f) // want `literal captures n`
	type fn func(int) int
	var g = fn(f)
	kiln.Map(d, g)                               // want `literal captures n`
	kiln.Map(d, func(v int) int { return f(v) }) // want `literal captures f`

	either := increment
	if n > 0 {
		either = func(v int) int { return v + n }
	}
	kiln.Map(d, either) // which of them it is, the engine sees

	kiln.Generate(s, n, n, func(n, i int) iter.Seq[int] { return nil })
}

func methods(d kiln.RDD[int], p point, q *point, f plus) {
	kiln.Map(d, p.scale)                    // want `method value p.scale carries its receiver; pass the receiver with MapWith and write the method expression point.scale`
	kiln.Map(d, q.move)                     // want `method value q.move .* \(\*point\).move`
	kiln.Map(d, plus{1}.Apply)              // want `method value`
	kiln.Map(d, kiln.Fn[int, int](f).Apply) // want `method value`
	kiln.MapFn(d, twice[int]{F: f.Apply})   // want `method value f.Apply`
}

func none(d kiln.RDD[int]) {
	kiln.Map[int, int](d, nil) // want `function is nil`
}

func helper[T any](d kiln.RDD[T], f func(T) T) {
	kiln.Map(d, f)
	kiln.Map(d, func(v T) T { return v })                // want `literal inside a generic function carries its type arguments; use a functor struct with MapFn`
	kiln.Map(d, func(v T) int { return 1 })              // want `literal inside a generic function`
	kiln.Map(d, identity[T])                             // want `identity\[T\] inside a generic function carries its type arguments`
	kiln.Map(d, identity)                                // want `identity inside a generic function`
	kiln.MapFn(d, twice[T]{F: func(v T) T { return v }}) // want `literal inside a generic function`
	kiln.MapFn(d, twice[T]{F: f})
	kiln.Map(d, chooser[T]()) // want `chooser returns a literal that carries its type arguments`
	kiln.MapFn(d, named[T]{})
}

func byMethod[T kiln.Fn[int, int]](d kiln.RDD[T]) {
	kiln.MapWith(kiln.RDD[int]{}, *new(T), T.Apply) // want `T.Apply inside a generic function`
}

func (f twice[T]) all(d kiln.RDD[T]) {
	kiln.Map(d, func(v T) T { return v }) // want `literal inside a generic function`
}

func identity[T any](v T) T { return v }

type named[T any] struct{}

func (named[T]) Apply(v T) int { return 0 }

func program(n int) {
	kiln.Main(func(ctx context.Context, s *kiln.Session) error { n++; return nil })
	kiln.Open(context.Background(), kiln.OnStart(func() error { n++; return nil }))
	kiln.TextFile(nil, "", kiln.Choose(func(string) bool { return n > 0 }))
}
