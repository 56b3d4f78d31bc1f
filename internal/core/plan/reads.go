package plan

// cell is one partition of a node of a stage.
type cell struct{ node, partition int32 }

// reads calls visit for what the task of partition p computes, from the top of the stage down; below a cell it goes on when visit says
// so. A cell that is read on several ways is visited on the first one only: there may be as many ways as 2 to the number of nodes.
func (s *Stage) reads(p int32, visit func(node, partition int32) (below bool)) {
	w := walk{stage: s, visit: visit}
	if s.joins() {
		w.seen = map[cell]struct{}{}
	}
	w.from(cell{int32(len(s.nodes) - 1), p})
}

// joins says that some node reads from several others, so that ways may meet again below.
func (s *Stage) joins() bool {
	for i := range s.Body.Nodes {
		if len(s.Body.Nodes[i].In) > 1 {
			return true
		}
	}
	return false
}

type walk struct {
	stage *Stage
	visit func(node, partition int32) (below bool)
	seen  map[cell]struct{} // nil when no way meets another
}

func (w *walk) from(at cell) {
	if w.seen != nil {
		if _, again := w.seen[at]; again {
			return
		}
		w.seen[at] = struct{}{}
	}
	if !w.visit(at.node, at.partition) {
		return
	}
	var parts [8]int32
	for _, e := range w.stage.Body.Nodes[at.node].In {
		for _, q := range e.Map.Of(at.partition, parts[:0]) {
			w.from(cell{e.Node, q})
		}
	}
}
