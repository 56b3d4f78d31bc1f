package driver

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/wire"
)

// DropRDD deletes the cached partitions of an RDD.
func (d *Driver) DropRDD(id ids.RDDID) {
	d.report(sched.RDDReleased{RDD: id})
	d.report(wire.Drop{Kind: ids.RDDBlock, ID: int64(id)})
}

// addresses fills in where executors serve blocks.
func (d *Driver) addresses(places []task.Location) {
	for i := range places {
		places[i].Addr = d.blocksOf(places[i].Executor)
	}
}

// blocksChanged tells the scheduler what an executor told of its cached partitions.
func blocksChanged(r *remote, list []wire.BlockChange) sched.BlocksChanged {
	ev := sched.BlocksChanged{Executor: r.id, Blocks: make([]sched.BlockChange, len(list))}
	for i, b := range list {
		ev.Blocks[i] = sched.BlockChange{RDD: ids.RDDID(b.ID.A), Partition: b.ID.B, There: b.InMemory || b.OnDisk, Generation: b.ID.C, Level: b.Level}
	}
	return ev
}
