package sched

import (
	"cmp"
	"slices"
)

// queue is the runs that have tasks waiting, in the order in which they are served: first in, first out, by job and then by stage.
type queue struct{ runs []*run }

func before(a, b *run) int {
	return cmp.Or(cmp.Compare(a.job.spec.ID, b.job.spec.ID), cmp.Compare(a.ref.Stage, b.ref.Stage))
}

// first gives the run whose turn it is, or nil.
func (q *queue) first() *run {
	if len(q.runs) == 0 {
		return nil
	}
	return q.runs[0]
}

// all gives the runs in order. Who changes the queue does not go on.
func (q *queue) all(yield func(*run) bool) {
	for _, r := range q.runs {
		if !yield(r) {
			return
		}
	}
}

func (q *queue) add(r *run) {
	if r.queued {
		return
	}
	r.queued = true
	at, _ := slices.BinarySearchFunc(q.runs, r, before)
	q.runs = slices.Insert(q.runs, at, r)
}

func (q *queue) remove(r *run) {
	if !r.queued {
		return
	}
	r.queued = false
	at, _ := slices.BinarySearchFunc(q.runs, r, before)
	q.runs = slices.Delete(q.runs, at, at+1)
}
