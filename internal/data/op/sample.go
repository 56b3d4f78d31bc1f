package op

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Sample answers with at most N rows of a partition, each row with the same chance, and with the number of rows it had. The same
// Seed and rows give the same sample.
type Sample[T any] struct {
	N    int
	Seed uint64
}

// Open implements Output.
func (o *Sample[T]) Open(t *Task) (*Sink, Done, error) {
	c, err := codec.For[T]()
	if err != nil {
		return nil, nil, err
	}
	s := &sampleSink[T]{t: t, codec: c, n: max(1, o.N), chance: rand.New(rand.NewPCG(o.Seed, uint64(t.Part))), weight: 1}
	return sinkOf(s.push), s, nil
}

// sampleSink draws a reservoir by Li's algorithm L: it computes how many rows to leap over, so that most rows cost nothing.
type sampleSink[T any] struct {
	t      *Task
	codec  *codec.Codec
	arena  codec.Arena
	n      int
	rows   []T
	seen   int64 // rows of all batches before
	target int64 // the number of the next row to take, once the reservoir is full
	weight float64
	chance *rand.Rand
}

func (s *sampleSink[T]) push(rows []T) error {
	if err := s.t.Err(); err != nil {
		return err
	}
	first := s.seen
	s.seen += int64(len(rows))
	if free := min(s.n-len(s.rows), len(rows)); free > 0 {
		s.rows = append(s.rows, rows[:free]...)
		s.own(len(s.rows)-free, free)
		if len(s.rows) < s.n {
			return nil
		}
		s.target = first + int64(free) - 1
		s.leap()
	}
	for len(s.rows) == s.n && s.target < s.seen {
		at := s.chance.IntN(s.n)
		s.rows[at] = rows[s.target-first]
		s.own(at, 1)
		s.leap()
	}
	return nil
}

func (s *sampleSink[T]) own(at, n int) {
	s.codec.Detach(unsafe.Pointer(&s.rows[at]), n, &s.arena)
}

func (s *sampleSink[T]) leap() {
	s.weight *= math.Exp(math.Log(1-s.chance.Float64()) / float64(s.n))
	skip := math.Floor(math.Log(1-s.chance.Float64())/math.Log1p(-s.weight)) + 1
	if !(skip < 1<<60) {
		skip = 1 << 60
	}
	s.target += int64(skip)
}

// Abort implements Done.
func (s *sampleSink[T]) Abort() {}

// Finish implements Done.
func (s *sampleSink[T]) Finish() (Answer, error) {
	value := binary.AppendUvarint(nil, uint64(s.seen))
	if len(s.rows) == 0 {
		return Answer{Value: value}, nil
	}
	value, err := codec.AppendRows(codec.NewEncoder(s.codec, codec.None), value, s.rows)
	return Answer{Value: value}, err
}

// Sampled is what Sample found in one partition.
type Sampled[T any] struct {
	Rows  []T
	Count int64 // rows of the partition
}

// DecodeSample reads, on the driver, the answer of Sample.
func DecodeSample[T any](value []byte) (Sampled[T], error) {
	n, w := binary.Uvarint(value)
	if w <= 0 || n > math.MaxInt64 {
		return Sampled[T]{}, fmt.Errorf("answer of a sampling task: %w", codec.ErrCorrupt)
	}
	rows, err := DecodeRows(TypeOf[T](), [][]byte{value[w:]})
	return Sampled[T]{RowsOf[T](rows), int64(n)}, err
}

// Bounds gives at most n-1 ascending keys that cut what was sampled into n ranges of about the same number of rows.
func Bounds[K comparable](samples []Sampled[K], n int) ([]K, error) {
	o, err := orderOf(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	return BoundsFunc(samples, n, func(a, b K) int { return o.compare(unsafe.Pointer(&a), unsafe.Pointer(&b)) }), nil
}

// BoundsFunc is Bounds by a comparison. Bounds are distinct: a row that fills several ranges gives fewer of them.
func BoundsFunc[T any](samples []Sampled[T], n int, compare func(a, b T) int) []T {
	var rows []T
	var weights []float64 // rows that each one stands for
	total := 0.0
	for _, s := range samples {
		total += float64(s.Count)
		rows = append(rows, s.Rows...)
		for range s.Rows {
			weights = append(weights, float64(s.Count)/float64(len(s.Rows)))
		}
	}
	var bounds []T
	step, sum := total/float64(max(1, n)), 0.0
	target := step
	for _, at := range inOrderOf(len(rows), func(a, b int32) int { return compare(rows[a], rows[b]) }) {
		if len(bounds) >= n-1 {
			break
		}
		if sum += weights[at]; sum < target {
			continue
		}
		if len(bounds) == 0 || compare(bounds[len(bounds)-1], rows[at]) < 0 {
			bounds = append(bounds, rows[at])
			for target <= sum { // a heavy row fills more than one range
				target += step
			}
		}
	}
	return bounds
}
