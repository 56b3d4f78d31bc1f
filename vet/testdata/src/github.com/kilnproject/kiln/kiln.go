// Package kiln has the shapes of the real one and no more.
package kiln

import (
	"context"
	"iter"
)

type (
	Session            struct{ _ int }
	TaskContext        struct{ _ int }
	RDD[T any]         struct{ _ []T }
	Broadcast[T any]   struct{ _ func() T }
	Accumulator[T any] struct{ _ chan T }
	KV[K, V any]       struct {
		Key   K
		Value V
	}
	Option       struct{ _ int }
	SourceOption struct{ _ int }
	Fn[T, U any] interface{ Apply(T) U }
)

func Main(run func(ctx context.Context, s *Session) error) {}
func Init()                                                {}
func OnStart(f func() error) Option                        { return Option{} }
func Choose(f func(path string) bool) SourceOption         { return SourceOption{} }

func Open(ctx context.Context, opts ...Option) (*Session, error) { return nil, nil }

func (t *TaskContext) OnCompletion(f func()) {}
func (b Broadcast[T]) Get() (v T)            { return }
func (a Accumulator[T]) Add(v T)             {}

func TextFile(s *Session, path string, opts ...SourceOption) (d RDD[string])             { return }
func Parallelize[T any](s *Session, items []T) (d RDD[T])                                { return }
func FromSeq[T any](s *Session, items iter.Seq[T]) (d RDD[T])                            { return }
func Generate[E, T any](s *Session, n int, env E, f func(E, int) iter.Seq[T]) (d RDD[T]) { return }
func NewBroadcast[T any](s *Session, v T) (b Broadcast[T], err error)                    { return }
func RegisterCodec[T any](encode func(T) []byte, decode func([]byte) T)                  {}

func Map[T, U any](d RDD[T], f func(T) U) (r RDD[U])                                     { return }
func Filter[T any](d RDD[T], f func(T) bool) (r RDD[T])                                  { return }
func FlatMap[T, U any](d RDD[T], f func(T) []U) (r RDD[U])                               { return }
func MapWith[E, T, U any](d RDD[T], env E, f func(E, T) U) (r RDD[U])                    { return }
func MapFn[F Fn[T, U], T, U any](d RDD[T], fn F) (r RDD[U])                              { return }
func MapAll[T any](d RDD[T], fs ...func(T) T) (r RDD[T])                                 { return }
func ReduceByKey[K comparable, V any](d RDD[KV[K, V]], f func(V, V) V) (r RDD[KV[K, V]]) { return }
func MapPartitions[T, U any](d RDD[T], f func(*TaskContext, iter.Seq[T]) iter.Seq2[U, error]) (r RDD[U]) {
	return
}

func (d RDD[T]) ForEach(ctx context.Context, f func(T)) (err error)                          { return }
func (d RDD[T]) Reduce(ctx context.Context, f func(T, T) T) (v T, err error)                 { return }
func (d RDD[T]) Top(ctx context.Context, n int, compare func(a, b T) int) (v []T, err error) { return }
