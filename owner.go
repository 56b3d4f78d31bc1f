package kiln

import (
	"runtime"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// shuffleOwners drops a shuffle's files when nothing in the program can ask for it any more: when the node that reads it was
// collected as garbage. Programs that loop for days would otherwise fill their disks.
type shuffleOwners struct {
	mu   sync.Mutex
	drop func(ids.ShuffleID)
}

func (o *shuffleOwners) own(n *node, id ids.ShuffleID) {
	runtime.AddCleanup(n, func(id ids.ShuffleID) {
		o.mu.Lock()
		drop := o.drop
		o.mu.Unlock()
		if drop != nil {
			drop(id)
		}
	}, id)
}

// onDrop sets what drops a shuffle; nil stops dropping.
func (o *shuffleOwners) onDrop(drop func(ids.ShuffleID)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop = drop
}
