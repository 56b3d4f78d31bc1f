package sim

import (
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// ScaleFaults is what goes wrong in a [Scale], at times that chance spreads over the time that the tasks take at least.
type ScaleFaults struct {
	Kills      int           // executors that are lost, and replaced
	Drains     int           // executors that are decommissioned, and replaced when they go
	DrainTime  time.Duration // how long these may take; 0 means as long as it takes
	DiskLosses int           // times at which an executor loses its map outputs, and nobody notices until they are read
	SlowJoin   time.Duration // executors come up to this late

	Jitter        time.Duration // messages take up to this much longer
	Twice         float64       // the part of ends of task attempts that are told twice
	Lose          float64       // the part of them that are lost, and the link with them: the executor goes
	Partitions    int           // times at which the executors of a host cannot be reached, and reach nobody
	PartitionTime time.Duration // how long that lasts
}

// How often an executor gives a sign of life where the network can be parted, and how long a task tries to read from one that does not
// answer. Both are what the settings of Kiln say by default.
const (
	beatPeriod    = 10 * time.Second
	fetchPatience = 15 * time.Second
)

// plant plans the faults.
func (w *scaleWorld) plant() {
	for _, f := range []struct {
		count int
		kind  kind
	}{{w.Kills, executorDies}, {w.Drains, executorDrains}, {w.DiskLosses, diskForgets}, {w.Partitions, networkParts}} {
		for range f.count {
			w.plan(happening{at: w.upTo(max(w.report.Bound, 1)), kind: f.kind})
		}
	}
}

// befall lets a fault happen to one of the executors that live, or wait for one.
func (w *scaleWorld) befall(h happening) {
	if w.alive == 0 {
		w.plan(happening{at: w.now + lookPeriod, kind: h.kind})
		return
	}
	at := w.chance.IntN(len(w.executors))
	for w.executors[at].dead {
		at = w.chance.IntN(len(w.executors))
	}
	id := ids.ExecutorID(at)
	switch h.kind {
	case executorDies:
		w.lose(id)
		w.grant()
	case executorDrains:
		w.tell(sched.ExecutorsDecommissioned{Executors: []ids.ExecutorID{id}, Reason: "maintenance", Within: w.DrainTime, Replace: true})
	case diskForgets:
		w.forget(id)
	case networkParts:
		w.part(w.executors[id].host)
	}
}

// part cuts the executors of a host off for a while.
func (w *scaleWorld) part(host string) {
	for i := range w.executors {
		if e := &w.executors[i]; e.host == host && !e.dead {
			e.apart = max(e.apart, w.now+w.PartitionTime)
		}
	}
}

// beat brings a sign of life, and plans the next one.
func (w *scaleWorld) beat(id ids.ExecutorID) {
	e := &w.executors[id]
	if e.dead {
		return
	}
	if w.now >= e.apart {
		w.tell(sched.Heard{Executor: id})
	}
	w.plan(happening{at: w.now + beatPeriod, kind: beats, executor: id})
}
