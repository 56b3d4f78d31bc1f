package sim

import (
	"slices"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// nowhere is where a map output of a Scale is that nobody has written.
const nowhere = ids.ExecutorID(-1)

// gone marks a map output that its executor does not have any more, and gives the executor of one that is so marked.
func gone(id ids.ExecutorID) ids.ExecutorID { return -2 - id }

// written notes where a map output lies, and when readers of the last one may begin. An executor that has ended meanwhile has none. The
// core knows of several places, so all that can be read are remembered.
func (w *scaleWorld) written(j *scaleJob, h happening) {
	part := h.ref.Partition
	at := j.at[part]
	switch {
	case at == nowhere:
		if j.missing--; j.missing == 0 {
			j.readable = w.now
		}
	case h.repeated || at == h.executor || w.executors[h.executor].dead:
		return
	case w.has(at):
		j.alsoAt(part, at)
	}
	j.at[part] = h.executor
}

// has says that an executor has a map output still that it once wrote, whether or not it can be reached.
func (w *scaleWorld) has(at ids.ExecutorID) bool { return at >= 0 && !w.executors[at].dead }

// forget takes all map outputs from an executor.
func (w *scaleWorld) forget(id ids.ExecutorID) {
	for i := range w.jobs {
		j := &w.jobs[i]
		for m, at := range j.at {
			if at == id {
				j.at[m] = gone(id)
			}
			if others := j.others[int32(m)]; len(others) > 0 {
				j.others[int32(m)] = slices.DeleteFunc(others, func(other ids.ExecutorID) bool { return other == id })
			}
		}
	}
}

// unreadable gives an executor from which a task cannot read a map output, and how long it tries. Tasks begin to read at different ones,
// so that they find different ones missing.
func (w *scaleWorld) unreadable(ref ids.TaskRef) (from ids.ExecutorID, after time.Duration, lost bool) {
	j, isMap := w.jobOfStage(ref.Stage)
	if isMap || !w.losesOutputs() {
		return 0, 0, false
	}
	first := w.chance.IntN(len(j.at))
	for i := range j.at {
		at := w.source(j, (first+i)%len(j.at))
		switch {
		case at < 0:
			return gone(at), 0, true
		case w.executors[at].dead:
			return at, 0, true
		case w.executors[at].apart > w.now+fetchPatience:
			return at, fetchPatience, true
		}
		after = max(after, w.executors[at].apart-w.now)
	}
	return 0, after, false
}

// source gives from where a map output is read: where it can be read, if there is such a place.
func (w *scaleWorld) source(j *scaleJob, part int) ids.ExecutorID {
	at := j.at[part]
	if len(j.others) == 0 || w.has(at) && w.executors[at].apart <= w.now {
		return at
	}
	for _, other := range j.others[int32(part)] {
		if w.has(other) && (!w.has(at) || w.executors[other].apart < w.executors[at].apart) {
			at = other
		}
	}
	return at
}

// losesOutputs says that there may be map outputs that cannot be read. Looking for them costs each reading task all that it reads.
func (w *scaleWorld) losesOutputs() bool {
	return w.Kills+w.DiskLosses+w.Partitions > 0 || w.Drains > 0 && w.DrainTime > 0 || w.Lose > 0
}
