package task

import (
	"cmp"
	"fmt"
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

// CodeOf gives the byte that stands for a size of zero or more: the first step that is not below it. The last step stands for everything above it.
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
	Codes Codes       // by reduce partition, as CodeOf gives them; or nil, when all are empty
	Exact []ExactSize // those from ExactFrom, in order of reduce partitions
}

// Codes are sizes in a byte each. They are a type so that nobody takes them for bytes of users.
type Codes []byte

// ExactSize is the size of one segment that is large.
type ExactSize struct {
	Reduce int32
	Bytes  int64
}

// PackSizes takes the bytes of each reduce partition. It does not keep them.
func PackSizes(bytes []int64) (s Sizes) {
	if len(bytes) == 0 {
		return s
	}
	s.Codes = make(Codes, len(bytes))
	for reduce, n := range bytes {
		s.Codes[reduce] = CodeOf(n)
		if n >= ExactFrom {
			s.Exact = append(s.Exact, ExactSize{int32(reduce), n})
		}
	}
	return s
}

// Empty says that there is not a byte for any reduce partition.
func (s *Sizes) Empty() bool {
	return !slices.ContainsFunc(s.Codes, func(code byte) bool { return code != 0 })
}

// Check gives an error unless these can be the sizes of a map output for so many reduce partitions: a byte for each of them or none at
// all, and exact sizes that agree with their byte, in order. Of sizes that hold At and AddTo make sense.
func (s *Sizes) Check(reduces int) error {
	if n := len(s.Codes); n != 0 && n != reduces {
		return fmt.Errorf("the sizes of %d reduce partitions of %d", n, reduces)
	}
	last := int32(-1)
	for _, e := range s.Exact {
		switch {
		case e.Reduce <= last || int(e.Reduce) >= len(s.Codes):
			return fmt.Errorf("an exact size for reduce partition %d of %d, behind that of %d", e.Reduce, len(s.Codes), last)
		case e.Bytes < ExactFrom || CodeOf(e.Bytes) != s.Codes[e.Reduce]:
			return fmt.Errorf("%d bytes for reduce partition %d, and the code %d for them", e.Bytes, e.Reduce, s.Codes[e.Reduce])
		}
		last = e.Reduce
	}
	return nil
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
