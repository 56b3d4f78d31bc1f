package data

import (
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"time"
)

// Result is what a workload answers, small enough to compare. Two engines agree when [Result.Differs] says nothing.
type Result struct {
	// Rows is the number of rows of the answer.
	Rows int64 `json:"rows"`
	// Checksum is a sum over the rows that does not depend on their order.
	Checksum uint64 `json:"checksum"`
	// Sum is a sum of floats, for answers whose last bits depend on the order of addition; 0 elsewhere.
	Sum float64 `json:"sum"`
	// Timed is how long the part that counts took, where that is not the whole run; 0 elsewhere.
	Timed time.Duration `json:"timed"`
}

// tolerance is how far apart two Sums may be, relative to their size.
const tolerance = 1e-6

// Differs says how r is not the same answer as other, or nothing.
func (r Result) Differs(other Result) string {
	switch {
	case r.Rows != other.Rows:
		return fmt.Sprintf("%d rows, not %d", r.Rows, other.Rows)
	case r.Checksum != other.Checksum:
		return fmt.Sprintf("checksum %x, not %x", r.Checksum, other.Checksum)
	case !near(r.Sum, other.Sum):
		return fmt.Sprintf("sum %g, not %g", r.Sum, other.Sum)
	}
	return ""
}

func near(a, b float64) bool {
	return math.Abs(a-b) <= tolerance*max(math.Abs(a), math.Abs(b))
}

// SumOfPair is what one reduced row (key, sum) adds to a checksum.
func SumOfPair(key, sum int64) uint64 { return Mix(uint64(key)*golden + uint64(sum)) }

// SumOfGroup is what one group adds to a checksum: its values count without regard to their order.
func SumOfGroup(key int64, values []int64) uint64 {
	var total int64
	for _, v := range values {
		total += v
	}
	return Mix(uint64(key)*golden + uint64(total) + uint64(len(values))<<48)
}

// SumOfJoined is what one joined row adds to a checksum. It is cheap, because the join yields millions of rows.
func SumOfJoined(key, left, right int64) uint64 {
	return uint64(key) ^ (uint64(left)*golden + uint64(right))
}

// SumOfWord is what one counted word adds to a checksum.
func SumOfWord(word string, count int64) uint64 {
	h := fnv.New64a()
	h.Write([]byte(word))
	return Mix(h.Sum64() + uint64(count)*golden)
}

// SumOfRecord is what one sorted record adds to a checksum; its newline does not count.
func SumOfRecord(record []byte) uint64 {
	h := fnv.New64a()
	h.Write(record[:RecordLength-1])
	return Mix(h.Sum64())
}

// String prints the result in the words of the Java side: rows, checksum, sum.
func (r Result) String() string {
	return strconv.FormatInt(r.Rows, 10) + " " + strconv.FormatUint(r.Checksum, 16) + " " + strconv.FormatFloat(r.Sum, 'g', -1, 64)
}
