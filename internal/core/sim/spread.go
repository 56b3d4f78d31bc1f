package sim

import (
	"math/bits"
	"time"
)

// Spread is how durations are spread, in room that does not grow with their number: what it says of a part of them is at most a
// sixteenth too long. Longest and mean are exact.
type Spread struct {
	Total, Most time.Duration
	Count       int
	buckets     [64 << fineBits]int32
}

// fineBits says in how many parts of equal length each power of two is cut: two to this.
const fineBits = 4

// add takes one more; less than nothing counts as nothing.
func (s *Spread) add(d time.Duration) {
	d = max(d, 0)
	s.Total += d
	s.Most = max(s.Most, d)
	s.Count++
	s.buckets[bucketOf(uint64(d))]++
}

// bucketOf gives the bucket of a number: small ones have one each, others share it with those of the same first bits.
func bucketOf(n uint64) int {
	shift := max(0, bits.Len64(n)-fineBits-1)
	return shift<<fineBits + int(n>>shift)
}

// lastOf gives the largest number in a bucket.
func lastOf(bucket int) uint64 {
	shift := max(0, bucket>>fineBits-1)
	return (uint64(bucket-shift<<fineBits)+1)<<shift - 1
}

// Mean is the mean, or nothing of nothing.
func (s *Spread) Mean() time.Duration { return s.Total / time.Duration(max(1, s.Count)) }

// Quantile is a duration that a part of them, from 0 to 1, do not exceed.
func (s *Spread) Quantile(part float64) time.Duration {
	seen := 0
	for i, n := range s.buckets {
		if seen += int(n); n > 0 && float64(seen) >= part*float64(s.Count) {
			return min(s.Most, time.Duration(lastOf(i)))
		}
	}
	return s.Most
}
