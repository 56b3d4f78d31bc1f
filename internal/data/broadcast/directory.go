package broadcast

import (
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/relay"
)

// Directory is the driver's knowledge of who gives which block to whom: a relay.Table and the addresses of executors. It is safe for
// concurrent use; its zero value is empty and ready.
type Directory struct {
	mu    sync.Mutex
	table relay.Table
	addrs map[ids.ExecutorID]string
}

// Joined says that an executor serves blocks at an address. One that has no address gives blocks to nobody.
func (d *Directory) Joined(e ids.ExecutorID, addr string) {
	if addr == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.addrs == nil {
		d.addrs = map[ids.ExecutorID]string{}
	}
	d.addrs[e] = addr
	d.table.Joined(e)
}

// Left says that an executor is gone.
func (d *Directory) Left(e ids.ExecutorID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.addrs, e)
	d.table.Left(e)
}

// Forget forgets who has some blocks: first, and the pieces of the same broadcast behind it, n in all.
func (d *Directory) Forget(first ids.BlockID, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range n {
		b := first
		b.B += int32(i)
		d.table.Forget(b)
	}
}

// Place gives from whom an executor gets a block of the driver's, which has so many bytes and these checksums.
func (d *Directory) Place(b ids.BlockID, size int64, sums []uint32, asker ids.ExecutorID) Place {
	d.mu.Lock()
	defer d.mu.Unlock()
	from := d.table.Ask(b, size, asker)
	return Place{Addr: d.addrs[from.From], Shared: from.Shared, Sums: sums}
}

// Len is the number of blocks of which it is known who has them.
func (d *Directory) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table.Len()
}
