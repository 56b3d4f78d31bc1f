package mapout

import "github.com/kilnproject/kiln/internal/core/ids"

// mostNear is the number of map partitions, and of reduce partitions, from which nobody asks where a reduce partition lies: each place
// then has so small a part of it that none matters, and the sums would cost (Spark's limits).
const mostNear = 1000

// Large gives, for each reduce partition, the executors that hold at least a part of its bytes, in the order in which their outputs
// come; a copy counts as its original. It is nil when the shuffle is incomplete, or has too many partitions to look.
func (s *Shuffle) Large(part float64) [][]ids.ExecutorID {
	if !s.Complete() || s.Maps() >= mostNear || s.reduces >= mostNear {
		return nil
	}
	all := make([]int64, s.reduces)
	var holders []ids.ExecutorID
	sums := map[ids.ExecutorID][]int64{} // looked up, never ranged over
	for m := range s.outputs {
		s.outputs[m].sizes.AddTo(all)
		for _, e := range s.Holders(int32(m)) {
			if sums[e] == nil {
				sums[e] = make([]int64, s.reduces)
				holders = append(holders, e)
			}
			s.outputs[m].sizes.AddTo(sums[e])
		}
	}
	large := make([][]ids.ExecutorID, s.reduces)
	for r, bytes := range all {
		for _, e := range holders {
			if held := sums[e][r]; held > 0 && float64(held) >= part*float64(bytes) {
				large[r] = append(large[r], e)
			}
		}
	}
	return large
}
