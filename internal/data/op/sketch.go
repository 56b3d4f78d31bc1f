package op

import (
	"math"
	"math/bits"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/key"
)

// sketchBits gives 4096 registers: a standard error of 1.04/sqrt(4096), about 1.6 percent.
const sketchBits = 12

// Distinct answers with a HyperLogLog sketch of the rows (Flajolet et al., 2007).
type Distinct[T comparable] struct{}

// Open implements Output.
func (o *Distinct[T]) Open(*Task) (*Sink, Done, error) {
	k, err := key.Of(reflect.TypeFor[T]())
	if err != nil {
		return nil, nil, err
	}
	s := &sketchSink[T]{key: k, registers: make([]uint8, 1<<sketchBits)}
	return sinkOf(s.push), answering[[]uint8]{func() []uint8 { return s.registers }}, nil
}

type sketchSink[T comparable] struct {
	key       *key.Key
	hashes    []uint64
	registers []uint8
}

func (s *sketchSink[T]) push(rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	s.hashes = room(s.hashes, len(rows))
	s.key.Hash(unsafe.Pointer(&rows[0]), len(rows), int(unsafe.Sizeof(rows[0])), s.hashes)
	for _, h := range s.hashes {
		at := h >> (64 - sketchBits)
		rank := uint8(bits.LeadingZeros64(h<<sketchBits|1<<(sketchBits-1)) + 1)
		s.registers[at] = max(s.registers[at], rank)
	}
	return nil
}

// MergeSketch brings two sketches together; either may be nil.
func MergeSketch(a, b []uint8) []uint8 {
	if a == nil {
		return b
	}
	for i := range b {
		a[i] = max(a[i], b[i])
	}
	return a
}

// SketchCount estimates how many distinct rows a sketch has seen.
func SketchCount(registers []uint8) int64 {
	if len(registers) == 0 {
		return 0
	}
	m := float64(len(registers))
	var sum float64
	empty := 0
	for _, r := range registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			empty++
		}
	}
	guess := 0.7213 / (1 + 1.079/m) * m * m / sum
	if guess <= 2.5*m && empty > 0 {
		guess = m * math.Log(m/float64(empty)) // few rows: count the empty registers instead
	}
	return int64(math.Round(guess))
}
