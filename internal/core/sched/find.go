package sched

import "github.com/kilnproject/kiln/internal/core/ids"

// attempts finds the task attempts that are not over by their names: first the run, then the task, and of its attempts, which are
// one or two, the one with the id. What is met on the way is touched when the attempt ends anyway, so that with very many of them
// this costs no cache misses of its own; a table by id would cost two for each end.
type attempts struct {
	runs     map[ids.StageRef]*run // those that are not forgotten; looked up, never ranged over
	latest   *run                  // of them: the one that was found last, or nil
	fetching map[ids.TaskID]*attempt
	n        int
}

func (t *attempts) len() int { return t.n }

// get gives the attempt with a name and an id, or nil. It asks the set first, which is asked for the same task soon after: a
// processor then waits once for both.
func (t *attempts) get(ref ids.TaskRef, id ids.TaskID) *attempt {
	if a := t.named(ref); a != nil && a.id == id {
		return a
	}
	return nil
}

// named gives the attempt with a name, or nil.
func (t *attempts) named(ref ids.TaskRef) *attempt {
	r := t.run(ref.StageRef)
	if r == nil {
		return nil
	}
	i, ok := r.set.Index(ref.Partition)
	if !ok || r.set.Copies(i) == 0 {
		return nil
	}
	for a := r.heads[i]; a != nil; a = a.twin {
		if a.ref == ref {
			return a
		}
	}
	return nil
}

// fetched gives the attempt whose result is on its way, or nil.
func (t *attempts) fetched(id ids.TaskID) *attempt { return t.fetching[id] }

// run gives a stage attempt that is not forgotten, or nil.
func (t *attempts) run(ref ids.StageRef) *run {
	if t.latest == nil || t.latest.ref != ref {
		t.latest = t.runs[ref]
	}
	return t.latest
}

// open enters a run.
func (t *attempts) open(r *run) { t.runs[r.ref] = r }

// forget takes a run out, which has no attempts.
func (t *attempts) forget(r *run) {
	delete(t.runs, r.ref)
	if t.latest == r {
		t.latest = nil
	}
}

// put enters an attempt, as the newest of its task.
func (t *attempts) put(a *attempt) {
	head := &a.run.heads[a.index]
	a.twin, *head = *head, a
	t.n++
}

// remove takes an attempt out that is there.
func (t *attempts) remove(a *attempt) {
	at := &a.run.heads[a.index]
	for *at != a {
		at = &(*at).twin
	}
	*at = a.twin
	if a.fetching != nil {
		delete(t.fetching, a.id)
	}
	t.n--
}

// fetch notes that the result of an attempt is on its way.
func (t *attempts) fetch(a *attempt, f *fetching) { a.fetching, t.fetching[a.id] = f, a }
