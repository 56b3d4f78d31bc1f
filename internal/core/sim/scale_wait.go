package sim

import (
	"github.com/kilnproject/kiln/internal/core/ids"
)

// waiting is since when the tasks of a Scale wait for a slot: since their stage could first run, or their stage attempt began when it is
// a later one, or since their last attempt ended without success. Only those that have to run again are remembered one by one.
type waiting struct {
	attempts map[ids.StageRef]Time // later attempts of stages
	tasks    map[partition]Time    // that have to run again
}

// began notes when a stage attempt began.
func (w *scaleWorld) began(ref ids.StageRef) {
	if _, known := w.waiting.attempts[ref]; ref.Attempt > 0 && !known {
		w.waiting.attempts[ref] = w.now
	}
}

// again says that a task has to run again from now on, if it is still wanted.
func (w *scaleWorld) again(ref ids.TaskRef) {
	w.waiting.tasks[partition{ref.Stage, ref.Partition}] = w.now
}

// waitOn says that a task attempt got no slot where it was launched, and has to wait elsewhere.
func (w *scaleWorld) waitOn(ref ids.TaskRef) {
	if since, ok := w.waited(ref); ok {
		w.waiting.tasks[partition{ref.Stage, ref.Partition}] = since
	}
}

// waited gives since when a task attempt has waited that gets its slot now. A copy of one that runs has not.
func (w *scaleWorld) waited(ref ids.TaskRef) (since Time, ok bool) {
	began := w.waiting.attempts[ref.StageRef]
	if ref.Attempt == 0 {
		if j, isMap := w.jobOfStage(ref.Stage); !isMap {
			began = j.readable
		}
	}
	if len(w.waiting.tasks) > 0 {
		if since, ok := w.waiting.tasks[partition{ref.Stage, ref.Partition}]; ok {
			return max(since, began), true
		}
	}
	return began, ref.Try == 0
}

// countWait counts how long a task attempt has waited.
func (w *scaleWorld) countWait(ref ids.TaskRef) {
	if since, ok := w.waited(ref); ok {
		w.report.Wait.add(w.now - since)
		if len(w.waiting.tasks) > 0 {
			delete(w.waiting.tasks, partition{ref.Stage, ref.Partition})
		}
	}
}
