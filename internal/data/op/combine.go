package op

import "unsafe"

// CombineWrite writes map output of one C per key and table: Create makes it of a key's first value (nil when C is V), Merge adds
// each further value. The same key may be written several times by one task; the reduce side brings them together.
type CombineWrite[K comparable, V, C any] struct {
	Create func(V) C
	Merge  func(C, V) C
	Route  Route[K]
}

// Open implements Output.
func (o *CombineWrite[K, V, C]) Open(t *Task) (any, Done, error) {
	return openCombine(t, o.Route, o.Create, o.Merge)
}

// ReduceWrite is CombineWrite where values are brought together among themselves.
type ReduceWrite[K comparable, V any] struct {
	F     func(V, V) V
	Route Route[K]
}

// Open implements Output.
func (o *ReduceWrite[K, V]) Open(t *Task) (any, Done, error) {
	return openCombine[K, V, V](t, o.Route, nil, o.F)
}

// AggregateWrite is CombineWrite that begins each key with a Zero of its own.
type AggregateWrite[K comparable, V, C any] struct {
	Zero  C
	Add   func(C, V) C
	Route Route[K]
}

// Open implements Output.
func (o *AggregateWrite[K, V, C]) Open(t *Task) (any, Done, error) {
	zero, err := zeros(o.Zero)
	if err != nil {
		return nil, nil, err
	}
	add := o.Add
	return openCombine(t, o.Route, func(v V) C { return add(zero(), v) }, add)
}

func openCombine[K comparable, V, C any](t *Task, route Route[K], create func(V) C, merge func(C, V) C) (any, Done, error) {
	h := holdFor(t)
	totals, err := newTotals[K, C](t, h)
	if err != nil {
		return nil, nil, err
	}
	w, err := openPartWrite[K, C](t, route)
	if err != nil {
		return nil, nil, err
	}
	s := &combineSink[K, V, C]{folder: folder[K, V, C]{totals, create, merge}, out: w}
	return s, s, nil
}

// Combining pays when keys come again. After sampled rows a table with more than keptShare distinct keys per row is given up, and
// the next bypassed rows pass without one; then the keys are looked at again.
const (
	sampledRows  = 64 << 10
	keptShare    = 0.8
	bypassedRows = 16 * sampledRows
)

// combineSink folds rows in a table and writes it out when memory is refused, and at the end.
type combineSink[K comparable, V, C any] struct {
	folder[K, V, C]
	out    *partWrite[K, C]
	seen   int // rows since the table was last empty
	bypass int // rows that still pass without the table
}

// Push implements Sink.
func (s *combineSink[K, V, C]) Push(rows []KV[K, V]) error {
	n := len(rows)
	if err := s.t.Err(); err != nil || n == 0 {
		return err
	}
	s.hashes = s.table.hash(firstAt(rows), n, unsafe.Sizeof(rows[0]), s.hashes)
	if s.bypass > 0 {
		s.bypass -= n
		return s.pass(rows)
	}
	if !s.reserve(n, len(s.vals) == 0) {
		if err := s.empty(); err != nil {
			return err
		}
		s.reserve(n, true)
	}
	s.fold(rows)
	s.seen += n
	if s.seen >= sampledRows && s.seen-n < sampledRows && float64(len(s.vals)) > keptShare*float64(s.seen) {
		s.bypass = bypassedRows
		return s.empty()
	}
	return nil
}

// pass writes rows that were not combined.
func (s *combineSink[K, V, C]) pass(rows []KV[K, V]) error {
	if s.create == nil {
		return s.out.write(same[K, V, C](rows), s.hashes)
	}
	s.batch = room(s.batch, len(rows))
	for i := range rows {
		s.batch[i] = KV[K, C]{rows[i].Key, s.create(rows[i].Value)}
	}
	return s.out.write(s.batch, s.hashes)
}

// empty writes the table out.
func (s *combineSink[K, V, C]) empty() error {
	err := s.each(s.out.write)
	s.clear()
	s.seen = 0
	return err
}

// Finish implements Done.
func (s *combineSink[K, V, C]) Finish() (Answer, error) {
	if err := s.empty(); err != nil {
		s.Abort()
		return Answer{}, err
	}
	s.drop()
	return s.out.Finish()
}

// Abort implements Done.
func (s *combineSink[K, V, C]) Abort() {
	s.drop()
	s.out.Abort()
}
