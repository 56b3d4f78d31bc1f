// Package rows uses types that cannot be encoded as rows and environments.
package rows

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/kilnproject/kiln"
)

type Order struct {
	ID    int
	Lines []Line
}

type Line struct {
	Price float64
	cb    func()
}

type Tree struct {
	Left, Right *Tree
	Labels      map[string][]Tree
	When        time.Time
	Name        struct{ First, Last string }
}

type Link struct {
	Next *Link
	Out  chan int
}

type Locked struct {
	mu sync.Mutex
	n  int
}

type ByInterface struct{ R map[string]io.Reader }

type ByKey map[[2]any]int

type Raw struct{ P *[]unsafe.Pointer }

type Left struct {
	Logger io.Writer `kiln:"-"`
	_      func()
	N      int
}

type Own struct{ c chan int }

func (o Own) MarshalBinary() ([]byte, error)  { return nil, nil }
func (o *Own) UnmarshalBinary(b []byte) error { return nil }

type Registered struct{ W io.Writer }

type Shape interface{ Area() float64 }

func register() {
	kiln.RegisterCodec(func(Registered) []byte { return nil }, func([]byte) (r Registered) { return })
	kiln.RegisterCodec(func(Shape) []byte { return nil }, func([]byte) (s Shape) { return })
}

type Env struct {
	Seen  kiln.Accumulator[int]
	Table kiln.Broadcast[map[string]int]
}

type functor struct {
	F    func(int) int
	Deep struct{ G func(int) int }
}

func (functor) Apply(n int) int { return n }

type badFunctor struct{ Fs []func(int) int }

func (badFunctor) Apply(n int) int { return n }

func travels(s *kiln.Session, d kiln.RDD[int]) {
	kiln.Parallelize(s, []Tree{})
	kiln.Parallelize(s, []Left{})
	kiln.Parallelize(s, []Own{})
	kiln.Parallelize(s, []Registered{})
	kiln.Parallelize(s, []Shape{})
	kiln.Parallelize(s, []struct{}{})
	kiln.MapWith(d, Env{}, func(e Env, n int) kiln.KV[string, *Tree] { return kiln.KV[string, *Tree]{} })
	kiln.MapFn(d, functor{})
	kiln.Filter(d, func(int) bool { return true })
}

func refused(s *kiln.Session, d kiln.RDD[int]) {
	kiln.Parallelize(s, []Order{})                                                          // want "Order cannot travel to executors: Order.Lines\\[\\].cb: func; change the field, or leave it out with the tag `kiln:\"-\"`"
	kiln.Parallelize(s, []Order{})                                                          // said once
	kiln.Map(d, func(int) *Link { return nil })                                             // want `\*Link cannot travel to executors: \*Link.Out: chan`
	kiln.Parallelize(s, []Locked{})                                                         // want `Locked.mu: sync.Mutex`
	kiln.Parallelize(s, []ByInterface{})                                                    // want `ByInterface.R\[\]: interface without a registered codec`
	kiln.Parallelize(s, []ByKey{})                                                          // want `ByKey\[key\]\[\]: interface`
	kiln.Parallelize(s, []Raw{})                                                            // want `Raw.P\[\]: unsafe.Pointer`
	kiln.Parallelize(s, []any{})                                                            // want `any: interface`
	kiln.Parallelize(s, []error{})                                                          // want `error: interface`
	kiln.Parallelize(s, []func(){})                                                         // want `func\(\): func`
	kiln.NewBroadcast(s, &atomic.Int64{})                                                   // want `atomic.Int64`
	kiln.MapWith(d, s, func(s *kiln.Session, n int) int { return n })                       // want `kiln.Session, which lives on one side only`
	kiln.MapWith(d, d, func(d kiln.RDD[int], n int) int { return n })                       // want `kiln.RDD`
	kiln.MapWith(d, functor{}, func(f functor, n int) int { return f.F(n) })                // want `functor.F: func`
	kiln.MapFn(d, badFunctor{})                                                             // want `badFunctor.Fs\[\]: func`
	kiln.Map(d, func(int) kiln.KV[string, chan int] { return kiln.KV[string, chan int]{} }) // want `kiln.KV\[string, chan int\] cannot travel to executors: kiln.KV\[string, chan int\].Value: chan`
}

func helper[T any](d kiln.RDD[T]) { kiln.MapFn(d, same[T]{}) }

type same[T any] struct{}

func (same[T]) Apply(v T) T { return v }
