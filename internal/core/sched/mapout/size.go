package mapout

import "slices"

// exactFrom is the size in bytes from which a segment's size is kept exactly: an error of a tenth of it would disturb whoever
// plans memory by it.
const exactFrom = 100 << 20

// steps are the sizes that one byte can say. Step 0 is an empty segment, and each step is at most a tenth (or one byte) above the
// one before. Integer arithmetic: the table is the same on every machine.
var steps = func() (t [256]int64) {
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1] + max(1, t[i-1]/10)
	}
	return t
}()

// encode gives the first step that is not below the size; the last one stands for everything above it.
func encode(size int64) byte {
	at, _ := slices.BinarySearch(steps[:], size)
	return byte(min(at, len(steps)-1))
}

// sizes are the sizes of one map output, for each reduce partition.
type sizes struct {
	codes []byte  // nil when all are empty
	exact []exact // those from exactFrom, in order of reduce partitions
}

type exact struct {
	reduce int32
	bytes  int64
}

func pack(from []int64) (s sizes) {
	for reduce, n := range from {
		if n == 0 {
			continue
		}
		if s.codes == nil {
			s.codes = make([]byte, len(from))
		}
		s.codes[reduce] = encode(n)
		if n >= exactFrom {
			s.exact = append(s.exact, exact{int32(reduce), n})
		}
	}
	return s
}

// addTo adds the sizes to those in dst.
func (s *sizes) addTo(dst []int64) {
	for reduce, code := range s.codes {
		dst[reduce] += steps[code]
	}
	for _, e := range s.exact {
		dst[e.reduce] += e.bytes - steps[s.codes[e.reduce]]
	}
}
