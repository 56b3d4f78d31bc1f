package plan

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Kept is a cached RDD that the tasks of a stage read.
type Kept struct {
	RDD ids.RDDID
	// Partitions says which of its partitions the task of each partition of the stage reads first, or -1 for none; nil says that
	// each reads the one of its own number.
	Partitions []int32
}

// Kept gives the cached RDDs that the stage reads, nearest to its top first. What lies below one of them is not looked at.
func (s *Stage) Kept() []Kept {
	if !slices.ContainsFunc(s.nodes, func(r *RDD) bool { return r.Kept }) {
		return nil
	}
	var all []Kept
	for p := range int32(s.Partitions) {
		s.reads(p, func(node, q int32) (below bool) {
			r := s.nodes[node]
			if r.Kept {
				all = note(all, r.ID, s.Partitions, p, q)
			}
			return !r.Kept
		})
	}
	for i := range all {
		if isIdentity(all[i].Partitions) {
			all[i].Partitions = nil
		}
	}
	return all
}

// note says that the task of partition p reads partition q of a cached RDD, unless it reads another one of it first.
func note(all []Kept, rdd ids.RDDID, partitions int, p, q int32) []Kept {
	at := slices.IndexFunc(all, func(k Kept) bool { return k.RDD == rdd })
	if at < 0 {
		k := Kept{RDD: rdd, Partitions: make([]int32, partitions)}
		for i := range k.Partitions {
			k.Partitions[i] = -1
		}
		at, all = len(all), append(all, k)
	}
	if all[at].Partitions[p] < 0 {
		all[at].Partitions[p] = q
	}
	return all
}

func isIdentity(list []int32) bool {
	for i, q := range list {
		if int(q) != i {
			return false
		}
	}
	return true
}
