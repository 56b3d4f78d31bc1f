package sched

import "math/rand/v2"

// ring is the executors of one shape with free slots, or of one place, which take turns. An executor that comes in gets its turn by chance, so that the same few
// executors are not always the first to be loaded.
type ring struct {
	executors []*executor
	turn      int
	member    func(*executor) *place
	few       [2]*executor // where executors of a host begins
}

// place is where an executor stands in a ring: its position plus one, or zero when it is not there.
type place int32

func (r *ring) len() int { return len(r.executors) }

func (r *ring) add(e *executor, chance *rand.Rand) {
	if *r.member(e) != 0 {
		return
	}
	r.put(e)
	last := len(r.executors) - 1
	r.swap(last, chance.IntN(last+1))
}

// put is add where the order does not matter.
func (r *ring) put(e *executor) {
	r.executors = append(r.executors, e)
	*r.member(e) = place(len(r.executors))
}

func (r *ring) remove(e *executor) {
	at := r.member(e)
	if *at == 0 {
		return
	}
	last := len(r.executors) - 1
	if int(*at) == r.turn {
		r.turn-- // the one that takes its place has its turn next
	}
	r.swap(int(*at)-1, last)
	r.executors[last] = nil
	r.executors = r.executors[:last]
	*at = 0
}

func (r *ring) swap(i, j int) {
	r.executors[i], r.executors[j] = r.executors[j], r.executors[i]
	*r.member(r.executors[i]) = place(i + 1)
	*r.member(r.executors[j]) = place(j + 1)
}

// find gives the first executor from the one whose turn it is that fits a task of a run, or any task of it when there is no such
// task, or nil.
func (r *ring) find(fit *run, i int32) *executor {
	for range r.executors {
		if e := r.next(); e.fitsTask(fit, i) {
			return e
		}
	}
	return nil
}

// next gives the executor whose turn it is. The ring is not empty.
func (r *ring) next() *executor {
	if r.turn >= len(r.executors) {
		r.turn = 0
	}
	e := r.executors[r.turn]
	r.turn++
	return e
}
