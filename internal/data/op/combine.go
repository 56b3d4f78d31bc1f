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
func (o *CombineWrite[K, V, C]) Open(t *Task) (*Sink, Done, error) {
	return openCreate(t, o.Route, o.Create, o.Merge)
}

// ReduceWrite is CombineWrite where values are brought together among themselves.
type ReduceWrite[K comparable, V any] struct {
	F     func(V, V) V
	Route Route[K]
}

// Open implements Output.
func (o *ReduceWrite[K, V]) Open(t *Task) (*Sink, Done, error) {
	return openCombine(t, o.Route, TypeOf[KV[K, V]](), TypeOf[KV[K, V]](), foldBy[K, V, V](nil, o.F), nil)
}

// AggregateWrite is CombineWrite that begins each key with a Zero of its own.
type AggregateWrite[K comparable, V, C any] struct {
	Zero  C
	Add   func(C, V) C
	Route Route[K]
}

// Open implements Output.
func (o *AggregateWrite[K, V, C]) Open(t *Task) (*Sink, Done, error) {
	zero, err := zeros(o.Zero)
	if err != nil {
		return nil, nil, err
	}
	add := o.Add
	return openCreate(t, o.Route, func(v V) C { return add(zero(), v) }, add)
}

func openCreate[K comparable, V, C any](t *Task, route Route[K], create func(V) C, add func(C, V) C) (*Sink, Done, error) {
	return openCombine(t, route, TypeOf[KV[K, V]](), TypeOf[KV[K, C]](), foldBy[K](create, add), createBy[K](create))
}

// openCombine takes rows of KV[K, V] and writes those of KV[K, C]; createAll is nil where these are the same.
func openCombine[K comparable](t *Task, route Route[K], from, to RowType, by folder, createAll func(dst, src unsafe.Pointer, n int)) (*Sink, Done, error) {
	totals, err := newTotals[K](t, to)
	if err != nil {
		return nil, nil, err
	}
	r, err := newRouter(t, route)
	if err != nil {
		return nil, nil, err
	}
	out, err := openMapOutput(t, totals.pair.row, r.n)
	if err != nil {
		return nil, nil, err
	}
	if out.digest, err = newDigest(t, Reflect(from), true); err != nil {
		return nil, nil, err
	}
	s := &combiner{totals: totals, by: by, createAll: createAll, stride: Reflect(from).Size(), out: partWrite{out, r}}
	return &Sink{rows: Reflect(from), push: s.push}, s, nil
}

// createBy makes rows of KV[K, C] of rows of KV[K, V].
func createBy[K, V, C any](create func(V) C) func(dst, src unsafe.Pointer, n int) {
	return func(dst, src unsafe.Pointer, n int) {
		out := unsafe.Slice((*KV[K, C])(dst), n)
		for i, row := range unsafe.Slice((*KV[K, V])(src), n) {
			out[i] = KV[K, C]{row.Key, create(row.Value)}
		}
	}
}

// Combining pays when keys come again. After sampled rows a table with more than keptShare distinct keys per row is given up, and
// the next bypassed rows pass without one; then the keys are looked at again.
const (
	sampledRows  = 64 << 10
	keptShare    = 0.8
	bypassedRows = 16 * sampledRows
)

// combiner folds rows in a table and writes it out when memory is refused, and at the end.
type combiner struct {
	totals    *totals
	by        folder
	stride    uintptr                              // bytes of a row
	createAll func(dst, src unsafe.Pointer, n int) // nil when rows are pairs of key and total already
	out       partWrite
	seen      int // rows since the table was last empty
	bypass    int // rows that still pass without the table
}

func (s *combiner) push(rows unsafe.Pointer, n int) error {
	all := s.totals
	if err := all.t.Err(); err != nil {
		return err
	}
	all.hashes = all.table.hash(rows, n, s.stride, all.hashes)
	if err := s.out.digest.add(rows, n, all.hashes, nil); err != nil {
		return err
	}
	if s.bypass > 0 {
		s.bypass -= n
		return s.pass(rows, n)
	}
	if !all.reserve(n, all.vals.n == 0) {
		if err := s.empty(); err != nil {
			return err
		}
		all.reserve(n, true)
	}
	all.fold(rows, n, s.stride, s.by)
	s.seen += n
	if s.seen >= sampledRows && s.seen-n < sampledRows && float64(all.vals.n) > keptShare*float64(s.seen) {
		s.bypass = bypassedRows
		return s.empty()
	}
	return nil
}

// pass writes rows that were not combined.
func (s *combiner) pass(rows unsafe.Pointer, n int) error {
	if s.createAll != nil {
		s.totals.batch.set(n)
		s.createAll(s.totals.batch.base, rows, n)
		rows = s.totals.batch.base
	}
	return s.out.write(rows, n, s.totals.hashes)
}

// empty writes the table out.
func (s *combiner) empty() error {
	err := s.totals.each(s.out.write)
	s.totals.clear()
	s.seen = 0
	return err
}

// Finish implements Done.
func (s *combiner) Finish() (Answer, error) {
	if err := s.empty(); err != nil {
		s.Abort()
		return Answer{}, err
	}
	s.totals.drop()
	return s.out.Finish()
}

// Abort implements Done.
func (s *combiner) Abort() {
	s.totals.drop()
	s.out.Abort()
}
