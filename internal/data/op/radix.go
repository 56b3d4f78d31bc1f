package op

import "math/bits"

// ranked is a row's place in an order: the prefix of its sort key, and its number among the rows.
type ranked struct {
	prefix uint64
	row    uint32
}

const (
	insertionMost = 32      // below this, shifting neighbours is faster than counting
	wideLeast     = 1 << 14 // from here on, more counters pay
	narrowBits    = 8
	wideBits      = 10
)

// sortRanked puts e in order of prefixes and, where these are equal, leaves the order as it was. spare is as long as e.
//
// It distributes by the bits in which the prefixes differ, most significant first: rows of one range partition have their upper
// bits in common, and are told apart by the next ones.
func sortRanked(e, spare []ranked) {
	switch {
	case len(e) <= insertionMost:
		insertRanked(e)
	case len(e) < wideLeast:
		var counts [1 << narrowBits]int32
		distributeAndSort(e, spare, counts[:], narrowBits)
	default:
		var counts [1 << wideBits]int32
		distributeAndSort(e, spare, counts[:], wideBits)
	}
}

func distributeAndSort(e, spare []ranked, counts []int32, width int) {
	lo, hi := e[0].prefix, e[0].prefix
	for i := range e {
		lo, hi = min(lo, e[i].prefix), max(hi, e[i].prefix)
	}
	if lo == hi {
		return
	}
	shift := max(0, bits.Len64(hi-lo)-width)
	distribute(e, spare, counts, lo, uint8(shift))
	if shift == 0 {
		return
	}
	from := int32(0)
	for _, to := range counts {
		if to-from > 1 {
			sortRanked(e[from:to], spare[from:to])
		}
		from = to
	}
}

// distribute puts e in order of (prefix - lo) >> shift and leaves in counts where each of its values ends.
func distribute(e, spare []ranked, counts []int32, lo uint64, shift uint8) {
	mask := uint64(len(counts) - 1)
	for i := range e {
		counts[(e[i].prefix-lo)>>shift&mask]++
	}
	sum := int32(0)
	for b, n := range counts {
		counts[b] = sum
		sum += n
	}
	for i := range e {
		b := (e[i].prefix - lo) >> shift & mask
		spare[counts[b]] = e[i]
		counts[b]++
	}
	copy(e, spare)
}

func insertRanked(e []ranked) {
	for i := 1; i < len(e); i++ {
		x := e[i]
		j := i
		for ; j > 0 && e[j-1].prefix > x.prefix; j-- {
			e[j] = e[j-1]
		}
		e[j] = x
	}
}
