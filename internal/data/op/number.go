package op

import (
	"cmp"
	"math"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// answering is the Done of an output whose answer is one encoded value.
type answering[A any] struct{ value func() A }

func (a answering[A]) Abort() {}
func (a answering[A]) Finish() (Answer, error) {
	v, err := codec.EncodeValue(a.value())
	return Answer{Value: v}, err
}

// Extreme answers with the least or greatest row, as a Maybe.
type Extreme[T cmp.Ordered] struct{ Greatest bool }

// Open implements Output.
func (o *Extreme[T]) Open(*Task) (*Sink, Done, error) {
	s := &extremeSink[T]{greatest: o.Greatest}
	return sinkOf(s.push), answering[Maybe[T]]{func() Maybe[T] { return s.best }}, nil
}

type extremeSink[T cmp.Ordered] struct {
	greatest bool
	best     Maybe[T]
}

func (s *extremeSink[T]) push(rows []T) error {
	for _, row := range rows {
		c := cmp.Compare(row, s.best.Value)
		if !s.best.Ok || (s.greatest && c > 0) || (!s.greatest && c < 0) {
			s.best = Maybe[T]{row, true}
		}
	}
	return nil
}

// Sum answers with the sum of the rows.
type Sum[T Number] struct{}

// Open implements Output.
func (o *Sum[T]) Open(*Task) (*Sink, Done, error) {
	s := &sumSink[T]{}
	return sinkOf(s.push), answering[T]{func() T { return s.sum }}, nil
}

type sumSink[T Number] struct{ sum T }

func (s *sumSink[T]) push(rows []T) error {
	sum := s.sum
	for _, row := range rows {
		sum += row
	}
	s.sum = sum
	return nil
}

// Moment is what Stats keeps of numbers: M2 is the sum of squared distances from the mean.
type Moment struct {
	Count         int64
	Sum, Mean, M2 float64
	Min, Max      float64
}

// Merge brings the moments of two sets of numbers together (Chan, Golub and LeVeque, 1979).
func (m Moment) Merge(o Moment) Moment {
	if m.Count == 0 {
		return o
	}
	if o.Count == 0 {
		return m
	}
	n, delta := float64(m.Count+o.Count), o.Mean-m.Mean
	return Moment{
		Count: m.Count + o.Count,
		Sum:   m.Sum + o.Sum,
		Mean:  m.Mean + delta*float64(o.Count)/n,
		M2:    m.M2 + o.M2 + delta*delta*float64(m.Count)*float64(o.Count)/n,
		Min:   math.Min(m.Min, o.Min),
		Max:   math.Max(m.Max, o.Max),
	}
}

// Moments answers with the Moment of the rows.
type Moments[T Number] struct {
	Numbers bool // NaN is left out
}

// Open implements Output.
func (o *Moments[T]) Open(*Task) (*Sink, Done, error) {
	s := &momentSink[T]{numbers: o.Numbers}
	return sinkOf(s.push), answering[Moment]{func() Moment { return s.all }}, nil
}

type momentSink[T Number] struct {
	numbers bool
	all     Moment
}

func (s *momentSink[T]) push(rows []T) error {
	for _, row := range rows {
		x := float64(row)
		if s.numbers && math.IsNaN(x) {
			continue
		}
		s.all = s.all.Merge(Moment{Count: 1, Sum: x, Mean: x, Min: x, Max: x})
	}
	return nil
}

// Buckets answers with how many rows fall into each of N buckets between Min and Max.
type Buckets[T Number] struct {
	Min, Max float64
	N        int
}

// Open implements Output.
func (o *Buckets[T]) Open(*Task) (*Sink, Done, error) {
	s := &bucketSink[T]{o: *o, counts: make([]int64, o.N)}
	return sinkOf(s.push), answering[[]int64]{func() []int64 { return s.counts }}, nil
}

type bucketSink[T Number] struct {
	o      Buckets[T]
	counts []int64
}

func (s *bucketSink[T]) push(rows []T) error {
	for _, row := range rows {
		if x := float64(row); !math.IsNaN(x) {
			s.counts[s.o.bucket(x)]++
		}
	}
	return nil
}

// Bound gives the lower bound of bucket i, and the upper one of bucket i-1.
func (o *Buckets[T]) Bound(i int) float64 {
	switch i {
	case 0:
		return o.Min
	case o.N:
		return o.Max
	}
	part := float64(i) / float64(o.N)
	if width := o.Max - o.Min; !math.IsInf(width, 0) {
		return o.Min + width*part
	}
	return o.Min*(1-part) + o.Max*part
}

// bucket gives the bucket of a number between Min and Max: about by division, and then by the bounds, which are rounded in another way.
func (o *Buckets[T]) bucket(x float64) int {
	scale := 1.0
	if math.IsInf(o.Max-o.Min, 0) {
		scale = 0.5
	}
	width := o.Max*scale - o.Min*scale
	if width == 0 {
		return o.N - 1
	}
	i := min(o.N-1, max(0, int((x*scale-o.Min*scale)/width*float64(o.N))))
	for i > 0 && x < o.Bound(i) {
		i--
	}
	for i < o.N-1 && x >= o.Bound(i+1) {
		i++
	}
	return i
}

// Ones gives every key the value one.
type Ones[K, V any] struct{}

// Wire implements Transform.
func (o *Ones[K, V]) Wire(_ *Task, down *Sink) (*Sink, error) {
	return wireMapper(nil, TypeOf[KV[K, V]](), TypeOf[KV[K, int64]](), down, mapping(func(p KV[K, V]) KV[K, int64] { return KV[K, int64]{p.Key, 1} }))
}

// Plus adds two numbers: a static function, as shipping needs it.
func Plus(a, b int64) int64 { return a + b }

// Either gives nothing for nothing: how Distinct brings equal rows together.
func Either(struct{}, struct{}) struct{} { return struct{}{} }
