package op

// Filter keeps the rows for which F is true.
type Filter[T any] struct{ F func(T) bool }

// Wire implements Transform.
func (o *Filter[T]) Wire(t *Task, down any) (any, error) {
	next, err := sinkOf[T](down)
	return &filterSink[T]{f: o.F, next: next, guard: guardOf[T](t)}, err
}

type filterSink[T any] struct {
	f     func(T) bool
	next  Sink[T]
	out   []T
	guard *guard
}

func (s *filterSink[T]) Push(rows []T) error {
	out := room(s.out, len(rows))
	n, f := 0, s.f
	mark := markRows(s.guard, rows)
	for i := range rows {
		if f(rows[i]) {
			out[n] = rows[i]
			n++
		}
	}
	s.out = out
	if err := checkRows(s.guard, rows, mark); err != nil || n == 0 {
		return err
	}
	return s.next.Push(out[:n])
}

// FilterWith is Filter with an environment.
type FilterWith[E, T any] struct {
	Env E
	F   func(E, T) bool
}

// Wire implements Transform.
func (o *FilterWith[E, T]) Wire(t *Task, down any) (any, error) {
	next, err := sinkOf[T](down)
	env, f := o.Env, o.F
	return &filterSink[T]{f: func(row T) bool { return f(env, row) }, next: next, guard: guardOf[T](t)}, err
}
