package sim

import (
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// moveTime is how long an executor of a Scale takes to copy a map output from one that drains.
const moveTime = 100 * time.Millisecond

// order lets an executor take a copy of a map output. All outputs of a Scale are of one generation: none is ever not the same.
func (w *scaleWorld) order(a sched.CopyBlock) {
	x := a.Copy
	w.send(happening{kind: copyArrives, executor: a.Executor, from: x.From.Executor, shuffle: ids.ShuffleID(x.Block.A), ref: ids.TaskRef{Partition: x.Block.B}})
}

// copy takes a copy, if there is something to copy.
func (w *scaleWorld) copy(h happening) {
	if w.executors[h.executor].dead {
		return
	}
	j, part := &w.jobs[h.shuffle], h.ref.Partition
	h.kind, h.fate = copyEnds, task.Failed
	if w.has(h.from) && w.executors[h.from].apart <= w.now && (j.at[part] == h.from || slices.Contains(j.others[part], h.from)) {
		h.fate = task.Success
		j.alsoAt(part, h.executor)
	}
	h.at = w.now + moveTime + w.travel()
	w.plan(h)
}

// tellCopy tells the core how taking a copy ended.
func (w *scaleWorld) tellCopy(h happening) {
	x := task.Copied{Block: ids.Output(h.shuffle, int(h.ref.Partition), 0), From: h.from}
	if h.fate == task.Success {
		w.report.Moved++
	} else {
		x.Error = "it is not there"
	}
	w.tell(sched.CopyEnded{Executor: h.executor, Copied: x})
}

// alsoAt says that one more executor has a map output.
func (j *scaleJob) alsoAt(part int32, id ids.ExecutorID) {
	if j.others == nil {
		j.others = map[int32][]ids.ExecutorID{}
	}
	j.others[part] = append(j.others[part], id)
}
