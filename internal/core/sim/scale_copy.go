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
func (w *scaleWorld) order(a sched.CopyOutput) {
	w.send(happening{kind: copyArrives, executor: a.To, from: a.From, shuffle: a.Shuffle, ref: ids.TaskRef{Partition: a.Map}})
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
	if h.fate == task.Success {
		w.report.Moved++
		w.tell(sched.OutputCopied{Shuffle: h.shuffle, Map: h.ref.Partition, From: h.from, To: h.executor})
		return
	}
	w.tell(sched.CopyFailed{Shuffle: h.shuffle, Map: h.ref.Partition, From: h.from, To: h.executor, Reason: "it is not there"})
}

// alsoAt says that one more executor has a map output.
func (j *scaleJob) alsoAt(part int32, id ids.ExecutorID) {
	if j.others == nil {
		j.others = map[int32][]ids.ExecutorID{}
	}
	j.others[part] = append(j.others[part], id)
}
