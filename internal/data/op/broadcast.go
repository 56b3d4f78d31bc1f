package op

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/codec"
)

// BroadcastHandle is what a kiln.Broadcast points to. On the driver it holds the value; in a task's environment it holds the way to
// the one value of the process.
type BroadcastHandle[T any] struct {
	ref       BroadcastRef
	value     T
	here      bool  // value is set
	task      *Task // where the handle arrived
	destroyed atomic.Bool
	drop      func(destroy bool) // on the driver
}

// NewBroadcastHandle makes the driver's handle; drop deletes the copies of the executors, or everything.
func NewBroadcastHandle[T any](ref BroadcastRef, v T, drop func(destroy bool)) *BroadcastHandle[T] {
	return &BroadcastHandle[T]{ref: ref, value: v, here: true, drop: drop}
}

// ErrDestroyed is what the use of a destroyed broadcast gives.
var ErrDestroyed = errors.New("the broadcast was destroyed")

// Drop deletes the copies of the executors; with destroy also the value, and every later use is an error.
func (h *BroadcastHandle[T]) Drop(destroy bool) error {
	if err := h.Check(); err != nil {
		return err
	}
	if h.drop == nil {
		return errors.New("a broadcast is dropped by the driver, not by a task")
	}
	h.destroyed.Store(destroy)
	h.drop(destroy)
	return nil
}

// Check gives an error that names where the broadcast was made when it was destroyed.
func (h *BroadcastHandle[T]) Check() error {
	if h == nil {
		return errors.New("the zero Broadcast has no value: make one with kiln.NewBroadcast")
	}
	if h.destroyed.Load() {
		return fmt.Errorf("broadcast %d made at %s: %w", h.ref.ID, h.ref.Site, ErrDestroyed)
	}
	return nil
}

// Get gives the value; in a task it is fetched at the first call. What goes wrong fails the task.
func (h *BroadcastHandle[T]) Get() T {
	if err := h.Check(); err != nil {
		panic(&Failure{Err: err})
	}
	if !h.here {
		v, err := h.task.Host.Broadcast(h.task, h.ref, func(encoded []byte) (any, error) {
			v, err := codec.DecodeValue[T](nil, encoded)
			return v, err
		})
		if err != nil {
			panic(&Failure{Err: fmt.Errorf("broadcast %d made at %s: %w", h.ref.ID, h.ref.Site, err)})
		}
		h.value, h.here = v.(T), true
	}
	return h.value
}

// Depart implements codec.Traveller.
func (h *BroadcastHandle[T]) Depart(dst []byte) ([]byte, error) {
	if err := h.Check(); err != nil {
		return nil, err
	}
	dst = binary.AppendUvarint(dst, uint64(h.ref.ID))
	dst = binary.AppendUvarint(dst, uint64(h.ref.Size))
	dst = binary.AppendUvarint(dst, uint64(h.ref.Pieces))
	return append(dst, h.ref.Site...), nil
}

// Arrive implements codec.Traveller: ctx is the task.
func (h *BroadcastHandle[T]) Arrive(ctx any, src []byte) error {
	t, ok := ctx.(*Task)
	if !ok {
		return errors.New("a Broadcast travels in the environment of a function only, not in rows")
	}
	var n [3]uint64
	for i := range n {
		v, w := binary.Uvarint(src)
		if w <= 0 || v > 1<<40 {
			return fmt.Errorf("broadcast handle: %w", codec.ErrCorrupt)
		}
		n[i], src = v, src[w:]
	}
	h.ref = BroadcastRef{ID: ids.BroadcastID(n[0]), Size: int64(n[1]), Pieces: int32(n[2]), Site: string(src)}
	h.task = t
	return nil
}
