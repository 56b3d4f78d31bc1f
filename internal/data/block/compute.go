package block

import (
	"context"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// flight is one computation of a block, for those who want the same one.
type flight struct{ done chan struct{} }

// GetOrCompute gives the block, or has it computed by exactly one of the callers who want it now: that one gets computed true and
// no entry, since compute has seen the rows already; its value is stored at level if there is room. The others wait, then read
// what was stored; when nothing was, because compute failed or there was no room, the next one computes.
//
// A waiting caller stops with the context's cause. An error of compute is returned as it is.
func (s *Store) GetOrCompute(ctx context.Context, id ids.BlockID, level Level, compute func() (Value, error)) (e *Entry, computed bool, err error) {
	for {
		if e, ok := s.Get(id); ok {
			return e, false, nil
		}
		f, mine := s.takeOff(id)
		if mine {
			return nil, true, s.computeInto(id, level, f, compute)
		}
		if f == nil {
			continue
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

// takeOff gives the flight for the block: a new one that is the caller's, one to wait for, or none when the block has just come.
func (s *Store) takeOff(id ids.BlockID) (f *flight, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flights[id]; f != nil {
		return f, false
	}
	if b := s.blocks[id]; b != nil && !b.storing {
		return nil, false
	}
	f = &flight{done: make(chan struct{})}
	s.flights[id] = f
	return f, true
}

// computeInto computes and stores the block, and lets those who wait go on, also when compute panics.
func (s *Store) computeInto(id ids.BlockID, level Level, f *flight, compute func() (Value, error)) error {
	defer func() {
		s.mu.Lock()
		delete(s.flights, id)
		s.mu.Unlock()
		close(f.done)
	}()
	v, err := compute()
	if err != nil {
		return err
	}
	_, err = s.Put(id, v, level)
	return err
}
