package plan

import "slices"

// Reduces says which reduce partitions of a shuffle the tasks of a stage read: that of partition p reads Parts[First[p]:First[p+1]].
// The zero value says that each reads the one of its own number.
type Reduces struct{ First, Parts []int32 }

// mostReduces is how many reduce partitions are listed for one stage: products and lookups read each of them many times.
const mostReduces = 1 << 20

// Reduces gives, for each of the stage's parents, which of its reduce partitions the tasks read. It is nil when all read those of their
// own numbers, and lists none when there are too many to list.
func (s *Stage) Reduces() []Reduces {
	if s.readsOwn() {
		return nil
	}
	all := make([]Reduces, len(s.Parents))
	for p, left := int32(0), mostReduces; p < int32(s.Partitions) && left >= 0; p++ {
		for i := range all {
			all[i].First = append(all[i].First, int32(len(all[i].Parts)))
		}
		s.reads(p, func(node, q int32) (below bool) {
			left -= s.list(all, node, q)
			return left >= 0
		})
		if left < 0 {
			for i := range all {
				all[i] = Reduces{First: make([]int32, s.Partitions)}
			}
		}
	}
	for i := range all {
		all[i].First = append(all[i].First, int32(len(all[i].Parts)))
	}
	return all
}

// list adds the reduce partitions that partition q of a node reads, and gives how many that are.
func (s *Stage) list(all []Reduces, node, q int32) (count int) {
	for _, d := range s.nodes[node].Deps {
		if d.Shuffle != nil {
			to := &all[slices.Index(s.Parents, d.Shuffle.ID)]
			to.Parts = append(to.Parts, q)
			count++
		}
	}
	return count
}

// readsOwn says that nothing in the stage reads another partition than the one of its own number, and all shuffles that it reads have one
// for each task.
func (s *Stage) readsOwn() bool {
	for i, r := range s.nodes {
		for _, d := range r.Deps {
			if d.Shuffle != nil && d.Shuffle.Reduces != s.Partitions {
				return false
			}
		}
		for _, e := range s.Body.Nodes[i].In {
			if e.Map.Kind != OneToOne {
				return false
			}
		}
	}
	return true
}
