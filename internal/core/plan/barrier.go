package plan

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Barrier says that the tasks of the stage run at the same time and may wait for each other: some RDD of it is a barrier. What such an
// RDD reads is its own affair; what reads it must take one partition in each task, or some tasks would never come to the barrier.
func (s *Stage) Barrier() bool {
	for _, r := range s.nodes {
		if r.Barrier {
			return true
		}
	}
	return false
}

// CheckBarrier says why the tasks of a barrier stage would not all come to its barrier, when partitions of it are asked for, or nil.
// Stages that are none are always well.
func (s *Stage) CheckBarrier(partitions int) error {
	over := s.overBarrier()
	for i, r := range s.nodes {
		if !over[i] {
			continue
		}
		if r.Partitions != s.Partitions {
			return fmt.Errorf("%s and %s are in one barrier stage, and have %d and %d partitions: put a shuffle between them (Repartition)",
				r.place(), s.Top.place(), r.Partitions, s.Partitions)
		}
		if err := s.checkReads(i, over); err != nil {
			return err
		}
	}
	if s.Barrier() && partitions < s.Partitions {
		return fmt.Errorf("it asks for %d of the %d partitions of a barrier stage, whose tasks run together or not at all: collect all of them, or put a shuffle (Repartition) after %s",
			partitions, s.Partitions, s.firstBarrier().place())
	}
	return nil
}

// checkReads looks at how one RDD reads what lies over a barrier.
func (s *Stage) checkReads(at int, over []bool) error {
	r, reads := s.nodes[at], 0
	for _, e := range s.Body.Nodes[at].In {
		if !over[e.Node] {
			continue
		}
		if reads++; reads > 1 {
			return fmt.Errorf("%s reads two barriers in one stage: put a shuffle (Repartition) after one of them", r.place())
		}
		var parts [8]int32
		for p := range int32(s.Partitions) {
			if of := e.Map.Of(p, parts[:0]); len(of) != 1 || of[0] != p {
				return fmt.Errorf("partition %d of %s does not read that partition of %s, which is in the same barrier stage: put a shuffle between them (Repartition)",
					p, r.place(), s.nodes[e.Node].place())
			}
		}
	}
	return nil
}

// KeptTogether gives the cached RDDs over a barrier. When some of their partitions are there and others are not, the tasks that find
// theirs do not come to the barrier, where the others wait for them.
func (s *Stage) KeptTogether() (kept []ids.RDDID) {
	over := s.overBarrier()
	for i, r := range s.nodes {
		if over[i] && r.Kept {
			kept = append(kept, r.ID)
		}
	}
	return kept
}

// overBarrier says of each node whether it is a barrier, or reads one in this stage.
func (s *Stage) overBarrier() []bool {
	over := make([]bool, len(s.nodes))
	for i, r := range s.nodes {
		over[i] = r.Barrier
		for _, e := range s.Body.Nodes[i].In {
			over[i] = over[i] || over[e.Node]
		}
	}
	return over
}

func (s *Stage) firstBarrier() *RDD {
	for _, r := range s.nodes {
		if r.Barrier {
			return r
		}
	}
	return s.Top
}

// place names an RDD in an error.
func (r *RDD) place() string {
	if r.Site == "" {
		return r.Verb
	}
	return r.Verb + " at " + r.Site
}
