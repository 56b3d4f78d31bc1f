package executor

import (
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/block"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// changes gathers what happened to cached blocks until the next message takes it up. It is called from many goroutines.
type changes struct {
	mu   sync.Mutex
	list []wire.BlockChange
}

func (c *changes) add(b block.Change) {
	if b.ID.Kind != ids.RDDBlock {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, wire.BlockChange{ID: b.ID, Size: b.Memory + b.Disk, InMemory: b.Memory > 0, OnDisk: b.Disk > 0, Level: task.Level(b.Level)})
}

func (c *changes) take() []wire.BlockChange {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	return list
}
