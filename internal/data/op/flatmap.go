package op

import "iter"

// FlatMap gives for each row the rows that F makes of it.
type FlatMap[T, U any] struct{ F func(T) []U }

// Wire implements Transform.
func (o *FlatMap[T, U]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[U]())
	s := &flatMapSink[T, U]{f: o.F, gather: gather[U]{next: next}}
	return sinkOf(s.push).guarded(t), err
}

// FlatMapWith is FlatMap with an environment.
type FlatMapWith[E, T, U any] struct {
	Env E
	F   func(E, T) []U
}

// Wire implements Transform.
func (o *FlatMapWith[E, T, U]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[U]())
	env, f := o.Env, o.F
	s := &flatMapSink[T, U]{f: func(row T) []U { return f(env, row) }, gather: gather[U]{next: next}}
	return sinkOf(s.push).guarded(t), err
}

type flatMapSink[T, U any] struct {
	gather[U]
	f func(T) []U
}

func (s *flatMapSink[T, U]) push(rows []T) error {
	f := s.f
	for i := range rows {
		if err := s.add(f(rows[i])); err != nil {
			return err
		}
	}
	return s.flush()
}

// gather fills batches from short runs of rows. It holds nothing back between calls of flush.
type gather[U any] struct {
	next pushFunc
	out  []U
}

func (g *gather[U]) add(rows []U) error {
	if len(rows) > BatchRows {
		if err := g.flush(); err != nil {
			return err
		}
		return pushAll(g.next, rows)
	}
	g.out = append(g.out, rows...)
	if len(g.out) >= BatchRows {
		return g.flush()
	}
	return nil
}

func (g *gather[U]) one(row U) error {
	g.out = append(g.out, row)
	if len(g.out) >= BatchRows {
		return g.flush()
	}
	return nil
}

func (g *gather[U]) flush() error {
	if len(g.out) == 0 {
		return nil
	}
	out := g.out
	g.out = g.out[:0]
	return pushAll(g.next, out)
}

// FlatMapSeq is FlatMap over a sequence, of which only as much runs as is wanted.
type FlatMapSeq[T, U any] struct{ F func(T) iter.Seq[U] }

// Wire implements Transform.
func (o *FlatMapSeq[T, U]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[U]())
	s := &flatSeqSink[T, U]{t: t, f: o.F, gather: gather[U]{next: next}}
	return sinkOf(s.push).guarded(t), err
}

// FlatMapSeqWith is FlatMapSeq with an environment.
type FlatMapSeqWith[E, T, U any] struct {
	Env E
	F   func(E, T) iter.Seq[U]
}

// Wire implements Transform.
func (o *FlatMapSeqWith[E, T, U]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[U]())
	env, f := o.Env, o.F
	s := &flatSeqSink[T, U]{t: t, f: func(row T) iter.Seq[U] { return f(env, row) }, gather: gather[U]{next: next}}
	return sinkOf(s.push).guarded(t), err
}

type flatSeqSink[T, U any] struct {
	gather[U]
	t *Task
	f func(T) iter.Seq[U]
}

func (s *flatSeqSink[T, U]) push(rows []T) error {
	for i := range rows {
		seq := s.f(rows[i])
		if seq == nil {
			continue
		}
		for u := range seq {
			s.out = append(s.out, u)
			if len(s.out) < BatchRows {
				continue
			}
			// A sequence may be endless: this is where its task can be stopped.
			if err := s.t.Err(); err != nil {
				return err
			}
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return s.flush()
}
