package task

import (
	"cmp"
	"slices"
)

// ExactFrom is the size in bytes from which a segment's size is kept exactly: an error of a tenth of it would disturb whoever
// plans memory by it (spark.shuffle.accurateBlockThreshold, 100 MiB).
const ExactFrom = 100 << 20

// steps are the sizes that one byte can say. Step 0 is an empty segment, and each step is at most a tenth (or one byte) above the
// one before. Integer arithmetic: the table is the same on every machine.
var steps = func() (t [256]int64) {
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1] + max(1, t[i-1]/10)
	}
	return t
}()

// CodeOf gives the byte that stands for a size: the first step that is not below it. The last step stands for everything above it.
func CodeOf(bytes int64) byte {
	at, _ := slices.BinarySearch(steps[:], bytes)
	return byte(min(at, len(steps)-1))
}

// Sizes are about how many bytes one map output has for each reduce partition: a byte for each, and a few exact numbers. A size below
// ExactFrom is told as at most a tenth (or one byte) above what it is, and as zero only when it is zero. The zero value says that
// all are empty.
//
// Sizes are made once and then shared: nobody changes what they hold.
type Sizes struct {
	Codes []byte      // by reduce partition, as CodeOf gives them; nil when all are empty
	Exact []ExactSize // those from ExactFrom, in order of reduce partitions
}

// ExactSize is the size of one segment that is large.
type ExactSize struct {
	Reduce int32
	Bytes  int64
}

// PackSizes takes the bytes of each reduce partition. It does not keep them.
func PackSizes(bytes []int64) (s Sizes) {
	for reduce, n := range bytes {
		if n == 0 {
			continue
		}
		if s.Codes == nil {
			s.Codes = make([]byte, len(bytes))
		}
		s.Codes[reduce] = CodeOf(n)
		if n >= ExactFrom {
			s.Exact = append(s.Exact, ExactSize{int32(reduce), n})
		}
	}
	return s
}

// At gives the bytes for a reduce partition, which must be one that the output has.
func (s *Sizes) At(reduce int) int64 {
	if s.Codes == nil {
		return 0
	}
	if len(s.Exact) > 0 {
		at, ok := slices.BinarySearchFunc(s.Exact, int32(reduce), func(e ExactSize, r int32) int { return cmp.Compare(e.Reduce, r) })
		if ok {
			return s.Exact[at].Bytes
		}
	}
	return steps[s.Codes[reduce]]
}

// AddTo adds the bytes for each reduce partition to those in dst, which has one entry for each.
func (s *Sizes) AddTo(dst []int64) {
	for reduce, code := range s.Codes {
		dst[reduce] += steps[code]
	}
	for _, e := range s.Exact {
		dst[e.Reduce] += e.Bytes - steps[s.Codes[e.Reduce]]
	}
}
