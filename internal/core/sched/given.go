package sched

// given is the memory of those actions that come once for each task: they are given as pointers into it, and it is used again when they
// have been carried out. So a task costs no allocation, however many there are.
type given struct {
	launches []Launch
	results  []DeliverResult
}

func (g *given) launch(l Launch) *Launch {
	g.launches = append(g.launches, l)
	return &g.launches[len(g.launches)-1]
}

func (g *given) result(r DeliverResult) *DeliverResult {
	g.results = append(g.results, r)
	return &g.results[len(g.results)-1]
}

// forget drops what the last Step gave, when nothing of it is put off.
func (g *given) forget() {
	clear(g.launches)
	clear(g.results)
	g.launches, g.results = g.launches[:0], g.results[:0]
}
