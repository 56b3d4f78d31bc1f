package op

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/key"
)

// Limit lets the first N rows of a partition pass and then asks for no more.
type Limit struct {
	Rows RowType `kiln:"op"`
	N    int64
}

// Wire implements Transform.
func (o *Limit) Wire(_ *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(o.Rows)
	left := o.N
	return &Sink{rows: Reflect(o.Rows), push: func(rows unsafe.Pointer, n int) error {
		if int64(n) < left {
			left -= int64(n)
			return next(rows, n)
		}
		n, left = int(left), 0
		if n > 0 {
			if err := next(rows, n); err != nil {
				return err
			}
		}
		return ErrStop
	}}, err
}

// Index numbers rows: row i of partition p gets First[p] + i*Step, or p + i*Step where First is nil.
type Index[T any] struct {
	First []int64
	Step  int64
}

// Wire implements Transform.
func (o *Index[T]) Wire(t *Task, down *Sink) (*Sink, error) {
	at, step := int64(t.Part), o.Step
	if o.First != nil {
		at = o.First[t.Part]
	}
	return wireMapper(nil, TypeOf[T](), TypeOf[KV[T, int64]](), down, mapping(func(row T) KV[T, int64] {
		p := KV[T, int64]{row, at}
		at += step
		return p
	}))
}

// Glom makes one row of all rows of a partition.
type Glom[T any] struct{}

// Wire implements Transform.
func (o *Glom[T]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[[]T]())
	s := &glomSink[T]{holdSink: holdSink[T]{t: t}, next: next}
	return sinkOf(s.push).ending(s.end), err
}

type glomSink[T any] struct {
	holdSink[T]
	next pushFunc
}

func (s *glomSink[T]) end() error {
	defer s.release()
	if s.rows == nil {
		s.rows = []T{}
	}
	return pushTo(s.next, [][]T{s.rows})
}

// Draw takes a random sample: each row with probability Fraction, or, with replacement, Poisson(Fraction) times. With Above set
// it keeps the rows whose chance falls into [Above, Above+Fraction): the slices of RandomSplit. The same seed draws the same rows.
type Draw struct {
	Rows            RowType `kiln:"op"`
	Fraction, Above float64
	Replace         bool
	Seed            uint64
}

// Wire implements Transform.
func (o *Draw) Wire(t *Task, down *Sink) (*Sink, error) {
	l, next, err := wire(o.Rows, down)
	s := &drawer{o: *o, chance: rand.New(rand.NewPCG(o.Seed, uint64(t.Part))), drawn: rowBuffer{layout: l}, next: next}
	return &Sink{rows: Reflect(o.Rows), push: s.push}, err
}

type drawer struct {
	o      Draw
	chance *rand.Rand
	picked []int32 // of the rows at hand
	drawn  rowBuffer
	next   pushFunc
}

func (s *drawer) push(rows unsafe.Pointer, n int) error {
	for i := range n {
		times := 0
		if s.o.Replace {
			times = poisson(s.chance, s.o.Fraction)
		} else if x := s.chance.Float64(); x >= s.o.Above && x < s.o.Above+s.o.Fraction {
			times = 1
		}
		for range times {
			if s.picked = append(s.picked, int32(i)); len(s.picked) < BatchRows {
				continue
			}
			if err := s.flush(rows); err != nil {
				return err
			}
		}
	}
	return s.flush(rows)
}

func (s *drawer) flush(rows unsafe.Pointer) error {
	n, d := len(s.picked), &s.drawn
	if n == 0 {
		return nil
	}
	d.set(n)
	d.move(d.base, d.size, nil, rows, d.size, s.picked, n)
	s.picked = s.picked[:0]
	return s.next(d.base, n)
}

// poisson draws by Knuth's multiplication method, in steps that keep exp(-mean) away from zero.
func poisson(r *rand.Rand, mean float64) int {
	n := 0
	for ; mean > 30; mean -= 30 {
		n += poissonSmall(r, 30)
	}
	return n + poissonSmall(r, mean)
}

func poissonSmall(r *rand.Rand, mean float64) int {
	limit, n := math.Exp(-mean), 0
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// DrawByKey samples each key with its own fraction; a key without one is left out.
type DrawByKey[K comparable, V any] struct {
	Fractions map[K]float64
	Replace   bool
	Seed      uint64
}

// Wire implements Transform.
func (o *DrawByKey[K, V]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[KV[K, V]]())
	chance := rand.New(rand.NewPCG(o.Seed, uint64(t.Part)))
	s := &drawKeySink[K, V]{o: *o, chance: chance, gather: gather[KV[K, V]]{next: next}}
	for k, f := range o.Fractions {
		if at := indexOfNaN(s.nans, k); at >= 0 {
			s.fractions[at] = max(s.fractions[at], f) // a map may have several, in no order
		} else if k != k {
			s.nans, s.fractions = append(s.nans, k), append(s.fractions, f)
		}
	}
	return sinkOf(s.push), err
}

type drawKeySink[K comparable, V any] struct {
	gather[KV[K, V]]
	o         DrawByKey[K, V]
	chance    *rand.Rand
	nans      []K // the keys of Fractions that no look-up finds
	fractions []float64
}

func (s *drawKeySink[K, V]) fraction(k K) float64 {
	if at := indexOfNaN(s.nans, k); at >= 0 {
		return s.fractions[at]
	}
	return s.o.Fractions[k]
}

// indexOfNaN finds a key with a NaN in it among others: a map of Go never does, since NaN is not even equal to itself there. It is -1 for
// all keys without a NaN.
func indexOfNaN[K comparable](among []K, k K) int {
	if k == k || len(among) == 0 {
		return -1
	}
	equal, err := key.Of(reflect.TypeFor[K]())
	if err != nil {
		return -1
	}
	return slices.IndexFunc(among, func(other K) bool { return equal.Equal(unsafe.Pointer(&other), unsafe.Pointer(&k)) })
}

func (s *drawKeySink[K, V]) push(rows []KV[K, V]) error {
	for i := range rows {
		fraction, times := s.fraction(rows[i].Key), 0
		if s.o.Replace {
			times = poisson(s.chance, fraction)
		} else if s.chance.Float64() < fraction {
			times = 1
		}
		for range times {
			if err := s.one(rows[i]); err != nil {
				return err
			}
		}
	}
	return s.flush()
}
