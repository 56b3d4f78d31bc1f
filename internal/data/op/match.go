package op

import (
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/key"
)

// InBoth keeps the rows that both sides of a CoGroup have.
type InBoth[T any] struct{}

// Wire implements Transform.
func (o *InBoth[T]) Wire(_ *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[T]())
	s := &inBothSink[T]{gather[T]{next: next}}
	return sinkOf(s.push), err
}

type inBothSink[T any] struct{ gather[T] }

func (s *inBothSink[T]) push(rows []KV[T, CoGrouped[struct{}, struct{}]]) error {
	for i := range rows {
		if len(rows[i].Value.Left) == 0 || len(rows[i].Value.Right) == 0 {
			continue
		}
		if err := s.one(rows[i].Key); err != nil {
			return err
		}
	}
	return s.flush()
}

// Find keeps the values of one key.
type Find[K comparable, V any] struct{ Key K }

// Wire implements Transform.
func (o *Find[K, V]) Wire(_ *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[V]())
	if err != nil {
		return nil, err
	}
	k, err := key.Of(reflect.TypeFor[K]())
	s := &findSink[K, V]{key: k, want: o.Key, gather: gather[V]{next: next}}
	return sinkOf(s.push), err
}

type findSink[K comparable, V any] struct {
	gather[V]
	key  *key.Key
	want K
}

func (s *findSink[K, V]) push(rows []KV[K, V]) error {
	for i := range rows {
		if !s.key.Equal(unsafe.Pointer(&rows[i].Key), unsafe.Pointer(&s.want)) {
			continue
		}
		if err := s.one(rows[i].Value); err != nil {
			return err
		}
	}
	return s.flush()
}

// PartitionOf is the partition of n that a key goes to by its hash.
func PartitionOf[K comparable](k K, n int) (int, error) {
	h, err := key.Of(reflect.TypeFor[K]())
	if err != nil {
		return 0, err
	}
	var hash [1]uint64
	h.Hash(unsafe.Pointer(&k), 1, int(unsafe.Sizeof(k)), hash[:])
	return key.Partition(hash[0], n), nil
}
