package trip

import (
	"fmt"
	"strings"
)

// Map has one function, as most operators.
type Map[T, U any] struct {
	In T
	F  func(T) U
}

// Run implements Op.
func (o *Map[T, U]) Run() string { return fmt.Sprintf("%T %v", o, o.F(o.In)) }

// MapWith has an environment beside its function.
type MapWith[E, T, U any] struct {
	Env E
	In  T
	F   func(E, T) U
}

// Run implements Op.
func (o *MapWith[E, T, U]) Run() string { return fmt.Sprintf("%T %v", o, o.F(o.Env, o.In)) }

// MapFn has a functor, whose own fields may be functions and functors.
type MapFn[F interface{ Apply(T) U }, T, U any] struct {
	In T
	Fn F
}

// Run implements Op.
func (o *MapFn[F, T, U]) Run() string { return fmt.Sprintf("%T %v", o, o.Fn.Apply(o.In)) }

// Twice is a functor that holds a function.
type Twice[T any] struct{ F func(T) T }

// Apply implements the functor.
func (f Twice[T]) Apply(v T) T { return f.F(f.F(v)) }

// Plus is a functor that holds a value, and a field that stays behind.
type Plus[T int | float64] struct {
	N     T
	Cache map[T]func() `kiln:"-"`
	_     func()
}

// Apply implements the functor.
func (f Plus[T]) Apply(v T) T { return f.N + v + T(len(f.Cache)) }

// Then is a functor made of functors.
type Then[A interface{ Apply(T) U }, B interface{ Apply(U) V }, T, U, V any] struct {
	First  A
	Second B
}

// Apply implements the functor.
func (f Then[A, B, T, U, V]) Apply(v T) V { return f.Second.Apply(f.First.Apply(v)) }

// Pair is a small value; a literal that returns one is inlined to its first instruction.
type Pair[A, B any] struct {
	A A
	B B
}

// PairOf makes a Pair.
func PairOf[A, B any](a A, b B) Pair[A, B] { return Pair[A, B]{a, b} }

// Point has methods on the value and on the pointer.
type Point struct{ X, Y int }

// Scale multiplies.
func (p Point) Scale(n int) Point { return Point{p.X * n, p.Y * n} }

// Norm measures.
func (p *Point) Norm() int { return p.X*p.X + p.Y*p.Y }

// Scaler is Point's interface.
type Scaler interface{ Scale(n int) Point }

func increment(n int) int { return n + 1 }

func double[T int | float64 | string](v T) T { return v + v }

// instance gives an operator from generic code.
func instance[T any](v T, f func(T) string) Op { return &Map[T, string]{v, f} }

func standard() []Op {
	return []Op{
		&Map[string, []string]{"to be or", strings.Fields},
		&Map[string, string]{"stdlib", strings.ToUpper},
		&Map[int, int]{41, increment},
		&Map[int, int]{21, double[int]},
		&Map[float64, float64]{1.25, double[float64]},
		&Map[string, string]{"ab", double[string]},
		&Map[int, int]{3, func(n int) int { return n * n }},
		&Map[string, Pair[string, int]]{"w", func(w string) Pair[string, int] { return PairOf(w, 1) }},
		&MapWith[Point, int, Point]{Point{1, 2}, 3, Point.Scale},
		&Map[*Point, int]{&Point{3, 4}, (*Point).Norm},
		&MapWith[[]Point, int, int]{[]Point{{1, 2}, {3, 4}}, 1, func(ps []Point, i int) int { return ps[i].Norm() }},
		&MapFn[Plus[int], int, int]{1, Plus[int]{N: 2}},
		&MapFn[Then[Twice[int], Plus[int], int, int, int], int, int]{
			5, Then[Twice[int], Plus[int], int, int, int]{Twice[int]{double[int]}, Plus[int]{N: 1}},
		},
		instance(Point{5, 6}, func(p Point) string { return fmt.Sprint(p.Y, p.X) }),
		instance(struct{ Name string }{"unnamed"}, func(v struct{ Name string }) string { return v.Name }),
	}
}
