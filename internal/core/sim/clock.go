package sim

import "container/heap"

// agenda is what is going to happen, in order of time; what happens at the same time happens in the order in which it was planned.
type agenda struct {
	now     Time
	planned int
	heap    moments
}

type moment struct {
	at    Time
	order int
	do    func()
}

type moments []moment

func (m moments) Len() int { return len(m) }
func (m moments) Less(i, j int) bool {
	return m[i].at < m[j].at || m[i].at == m[j].at && m[i].order < m[j].order
}
func (m moments) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)   { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	last := len(*m) - 1
	x := (*m)[last]
	(*m)[last] = moment{}
	*m = (*m)[:last]
	return x
}

// plan lets something happen at a time that is not past.
func (a *agenda) plan(at Time, do func()) {
	a.planned++
	heap.Push(&a.heap, moment{max(at, a.now), a.planned, do})
}

// next lets the next thing happen. It returns false when nothing is planned.
func (a *agenda) next() bool {
	if len(a.heap) == 0 {
		return false
	}
	m := heap.Pop(&a.heap).(moment)
	a.now = m.at
	m.do()
	return true
}
