package sched

import "github.com/kilnproject/kiln/internal/core/ids"

// pageSize is how many ids share a page of attempts.
const pageSize = 1 << 9

// attempts finds task attempts by their ids, which are given in ascending order. It is a list of pages, of which those without an
// attempt are dropped: with very many attempts to look among, a map costs several times as much, in cache misses.
type attempts struct {
	pages []*page // by id; nil when there is none
	from  int     // the number of the first page
	n     int
	spare *page
}

type page struct {
	n  int
	of [pageSize]*attempt
}

func (t *attempts) len() int { return t.n }

// at gives the page of an id, or nil.
func (t *attempts) at(id ids.TaskID) *page {
	i := int(id/pageSize) - t.from
	if id < 0 || i < 0 || i >= len(t.pages) {
		return nil
	}
	return t.pages[i]
}

// get gives the attempt with an id, or nil.
func (t *attempts) get(id ids.TaskID) *attempt {
	p := t.at(id)
	if p == nil {
		return nil
	}
	return p.of[id%pageSize]
}

// put enters an attempt. Its id is higher than all before.
func (t *attempts) put(a *attempt) {
	i := int(a.id / pageSize)
	if len(t.pages) == 0 {
		t.from = i
	}
	for i-t.from >= len(t.pages) {
		t.pages = append(t.pages, nil)
	}
	p := t.pages[i-t.from]
	if p == nil {
		if p = t.spare; p == nil {
			p = new(page)
		}
		t.spare, t.pages[i-t.from] = nil, p
	}
	p.of[a.id%pageSize] = a
	p.n++
	t.n++
}

// remove takes an attempt out that is there.
func (t *attempts) remove(id ids.TaskID) {
	p := t.at(id)
	p.of[id%pageSize] = nil
	p.n--
	if t.n--; p.n > 0 {
		return
	}
	t.spare = p
	t.pages[int(id/pageSize)-t.from] = nil
	gone := 0
	for gone < len(t.pages) && t.pages[gone] == nil {
		gone++
	}
	t.pages, t.from = t.pages[gone:], t.from+gone
}
