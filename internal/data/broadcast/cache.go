package broadcast

import (
	"context"
	"fmt"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Cache keeps the decoded broadcasts of one process. It is safe for concurrent use; its zero value is empty and ready.
type Cache struct {
	mu        sync.Mutex
	entries   map[ids.BroadcastID]*entry
	destroyed map[ids.BroadcastID]bool
}

// entry is one value, there or on its way.
type entry struct {
	done  chan struct{} // closed when the way has ended
	ok    bool          // value is there; written before done is closed, as is value
	value any
}

// Get gives the one decoded value of a broadcast in this process. The first caller loads and decodes it; others wait for that, and one
// of them tries anew when the first one fails. Load gives the encoded value ([Download], or [Store.Encoded] in the driver's own
// process); decode may keep parts of it.
//
// A waiting caller stops with the cause of ctx. The error is a *DestroyedError after Destroy.
func (c *Cache) Get(ctx context.Context, ref Ref, load func(context.Context) ([]byte, error), decode func(encoded []byte) (any, error)) (any, error) {
	for {
		e, mine, err := c.enter(ref)
		if err != nil {
			return nil, err
		}
		if mine {
			return c.load(ctx, ref, e, load, decode)
		}
		select {
		case <-e.done:
			if e.ok {
				return e.value, nil
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// enter gives the entry for a broadcast, and whether the caller must load it.
func (c *Cache) enter(ref Ref) (e *entry, mine bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.destroyed[ref.ID] {
		return nil, false, &DestroyedError{ID: ref.ID, Site: ref.Site}
	}
	if e = c.entries[ref.ID]; e != nil {
		return e, false, nil
	}
	if c.entries == nil {
		c.entries = map[ids.BroadcastID]*entry{}
	}
	e = &entry{done: make(chan struct{})}
	c.entries[ref.ID] = e
	return e, true, nil
}

// load fills the entry, and lets go of it when that fails or panics.
func (c *Cache) load(ctx context.Context, ref Ref, e *entry, load func(context.Context) ([]byte, error), decode func([]byte) (any, error)) (any, error) {
	defer func() {
		if !e.ok {
			c.leave(ref.ID, e)
		}
		close(e.done)
	}()
	encoded, err := load(ctx)
	if err != nil {
		return nil, fmt.Errorf("getting broadcast %d, made at %s: %w", ref.ID, ref.Site, err)
	}
	value, err := decode(encoded)
	if err != nil {
		return nil, fmt.Errorf("decoding broadcast %d, made at %s: %w", ref.ID, ref.Site, err)
	}
	e.value, e.ok = value, true
	return value, nil
}

// leave forgets e, unless another entry has taken its place.
func (c *Cache) leave(id ids.BroadcastID, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[id] == e {
		delete(c.entries, id)
	}
}

// Remove drops the value; the next Get loads it again. Who has it keeps it, and who waits for it still gets it.
func (c *Cache) Remove(id ids.BroadcastID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, id)
}

// Destroy drops the value for good.
func (c *Cache) Destroy(id ids.BroadcastID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, id)
	if c.destroyed == nil {
		c.destroyed = map[ids.BroadcastID]bool{}
	}
	c.destroyed[id] = true
}

// Len is the number of values that are there or on their way.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}
