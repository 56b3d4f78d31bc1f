package kiln

import (
	"context"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/plan"
	"github.com/kilnproject/kiln/internal/data/op"
)

// StorageLevel says where a kept partition may be. Use one of the levels below.
type StorageLevel struct {
	level op.Level
	name  string
}

// The storage levels. Encoded partitions take less memory and more time; "AndDisk" levels put on disk what memory does not hold,
// the others compute it again.
var (
	MemoryOnly           = StorageLevel{op.Level{Memory: true}, "MemoryOnly"}
	MemoryEncoded        = StorageLevel{op.Level{Memory: true, Encoded: true}, "MemoryEncoded"}
	MemoryAndDisk        = StorageLevel{op.Level{Memory: true, Disk: true}, "MemoryAndDisk"}
	MemoryAndDiskEncoded = StorageLevel{op.Level{Memory: true, Disk: true, Encoded: true}, "MemoryAndDiskEncoded"}
	DiskOnly             = StorageLevel{op.Level{Disk: true, Encoded: true}, "DiskOnly"}
)

// String gives the level's name.
func (l StorageLevel) String() string { return l.name }

// keeping is a node's cache: the level, and the operator that reads or fills it.
type keeping struct {
	level StorageLevel
	op    []byte
}

// over gives the plan's node for base with the cache on top.
func (k *keeping) over(base *plan.RDD) plan.RDD {
	if k == nil {
		return *base
	}
	return plan.RDD{
		ID: base.ID, Verb: "Cached", Name: base.Name, Site: base.Site, Note: k.level.name,
		Partitions: base.Partitions, Op: k.op, Deps: []plan.Dependency{{Parent: base}}, Kept: true,
	}
}

func (k *keeping) note() string {
	if k == nil {
		return ""
	}
	return k.level.name
}

func (n *node) persist(level StorageLevel) {
	n.made("Persist")
	if level.level == (op.Level{}) {
		panic(&BuildError{Verb: "Persist", Site: userSite(), Cause: fmt.Errorf("the zero StorageLevel keeps nothing: use kiln.MemoryOnly or another level")})
	}
	n.mu.Lock()
	old := n.keep
	n.mu.Unlock()
	if old != nil {
		if old.level != level {
			panic(&BuildError{Verb: "Persist", Site: userSite(), Cause: fmt.Errorf("the RDD is kept at %v already: Unpersist it before it is kept at %v", old.level, level)})
		}
		return
	}
	k := &keeping{level: level, op: n.encodeOp(op.Combine(&op.Cached{Rows: n.row, RDD: n.id, Level: level.level}))}
	n.mu.Lock()
	n.keep = k
	n.mu.Unlock()
	n.relay()
}

func (n *node) unpersist(ctx context.Context) error {
	n.made("Unpersist")
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	n.mu.Lock()
	was := n.keep
	n.keep = nil
	n.mu.Unlock()
	if was == nil {
		return nil
	}
	n.relay()
	n.s.driver.DropRDD(n.id)
	return nil
}

func joinNotes(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}
