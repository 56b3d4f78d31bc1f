package plan

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Kept is a cached RDD that the tasks of a stage read.
type Kept struct {
	RDD   ids.RDDID
	Whole int // partitions that it has
	// Partitions says which of its partitions the task of each partition of the stage reads first, or -1 for none; nil says that
	// each reads the one of its own number.
	Partitions []int32
	// Through is the cached RDDs that stand right over it, by their place in the list of the stage; -1 says that it is also read where
	// none stands between, and nil that it is read only so.
	Through []int32
}

// Kept gives the cached RDDs that the stage reads, each after those over it, and else in the order in which they are read. Through says,
// for each of the stage's Parents, what Kept.Through says for a cached RDD; it is nil when there is no cached RDD.
func (s *Stage) Kept() (all []Kept, through [][]int32) {
	if !slices.ContainsFunc(s.nodes, func(r *RDD) bool { return r.Kept }) {
		return nil, nil
	}
	t := tracing{stage: s, over: make([][]int32, len(s.nodes)), through: make([][]int32, len(s.Parents)), at: make([]int, len(s.nodes))}
	t.trace()
	for p := range int32(s.Partitions) {
		s.reads(p, func(node, q int32) (below bool) {
			if s.nodes[node].Kept {
				if of := t.kept[t.at[node]].Partitions; of[p] < 0 {
					of[p] = q
				}
			}
			return true
		})
	}
	for i := range t.kept {
		if isIdentity(t.kept[i].Partitions) {
			t.kept[i].Partitions = nil
		}
	}
	return t.kept, t.through
}

// tracing finds which cached RDDs stand over which inputs of a stage.
type tracing struct {
	stage   *Stage
	kept    []Kept
	at      []int     // by node: its place in kept
	over    [][]int32 // by node: the cached RDDs right over it, and -1 when there is a way without
	through [][]int32
}

func (t *tracing) trace() {
	s := t.stage
	order := s.downwards()
	t.over[order[0]] = []int32{-1}
	for _, n := range order {
		r, pass := s.nodes[n], t.over[n]
		if r.Kept {
			t.at[n] = len(t.kept)
			k := Kept{RDD: r.ID, Whole: r.Partitions, Partitions: slices.Repeat([]int32{-1}, s.Partitions)}
			if !slices.Equal(pass, []int32{-1}) {
				k.Through = pass
			}
			t.kept = append(t.kept, k)
			pass = []int32{int32(t.at[n])}
		}
		for _, e := range s.Body.Nodes[n].In {
			t.over[e.Node] = union(t.over[e.Node], pass)
		}
		for _, d := range r.Deps {
			if d.Shuffle != nil {
				p := slices.Index(s.Parents, d.Shuffle.ID)
				t.through[p] = union(t.through[p], pass)
			}
		}
	}
}

// downwards gives the nodes of the stage, each before those that it reads, and among these the first before the last.
func (s *Stage) downwards() []int32 {
	order, seen := make([]int32, 0, len(s.nodes)), make([]bool, len(s.nodes))
	var visit func(n int32)
	visit = func(n int32) {
		seen[n] = true
		for _, e := range slices.Backward(s.Body.Nodes[n].In) {
			if !seen[e.Node] {
				visit(e.Node)
			}
		}
		order = append(order, n)
	}
	visit(int32(len(s.nodes) - 1))
	slices.Reverse(order)
	return order
}

func union(to, more []int32) []int32 {
	to = slices.Clone(to)
	for _, m := range more {
		if !slices.Contains(to, m) {
			to = append(to, m)
		}
	}
	return to
}

func isIdentity(list []int32) bool {
	for i, q := range list {
		if int(q) != i {
			return false
		}
	}
	return true
}
