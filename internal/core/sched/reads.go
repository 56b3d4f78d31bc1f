package sched

import (
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Reduces says which reduce partitions of a shuffle the tasks of a stage read: that of partition p reads Parts[First[p]:First[p+1]].
// A shuffle of which no partition is listed is read, too, and nobody knows by whom.
type Reduces struct{ First, Parts []int32 }

// of gives what the task of a partition reads.
func (r *Reduces) of(p int32) []int32 { return r.Parts[r.First[p]:r.First[p+1]] }

// readsOwn says that each task reads the reduce partition of its own number of a shuffle with so many.
func (s *StageSpec) readsOwn(reduces int) bool { return s.Reads == nil && reduces == s.Partitions }

// inputBytes gives how much the task of each partition reads of shuffles and files. It is nil when nobody knows.
func (c *Core) inputBytes(s *StageSpec) []int64 {
	bytes := make([]int64, s.Partitions)
	known := len(s.Bytes) == s.Partitions
	copy(bytes, s.Bytes)
	for i, p := range s.Parents {
		in := c.outputs.Find(p)
		switch {
		case s.readsOwn(in.Reduces()):
			for i, n := range in.Totals() {
				bytes[i] += n
			}
		case s.Reads != nil && len(s.Reads[i].Parts) > 0:
			s.Reads[i].add(in.Totals(), bytes)
		default:
			return nil
		}
		known = true
	}
	if !known {
		return nil
	}
	return bytes
}

// add adds what each task reads, of reduce partitions of such sizes.
func (r *Reduces) add(sizes, to []int64) {
	for p := range to {
		for _, q := range r.of(int32(p)) {
			to[p] += sizes[q]
		}
	}
}

// checkReads says what makes it impossible to read what a stage says that its tasks read, or nothing.
func checkReads(s *StageSpec, written map[ids.ShuffleID]*StageSpec) string {
	if s.Reads != nil && len(s.Reads) != len(s.Parents) {
		return fmt.Sprintf("reads %d shuffles, and says of %d which partitions", len(s.Parents), len(s.Reads))
	}
	for i := range s.Reads {
		r, reduces := &s.Reads[i], written[s.Parents[i]].Reduces
		outside := func(q int32) bool { return q < 0 || int(q) >= reduces }
		switch n := len(r.First); {
		case n == 0 || n != s.Partitions+1 || r.First[0] != 0 || int(r.First[n-1]) != len(r.Parts) || !slices.IsSorted(r.First):
			return fmt.Sprintf("has %d partitions and does not say for each what it reads of shuffle %d", s.Partitions, s.Parents[i])
		case slices.ContainsFunc(r.Parts, outside):
			return fmt.Sprintf("reads a partition of shuffle %d that is none of its %d", s.Parents[i], reduces)
		}
	}
	return ""
}
