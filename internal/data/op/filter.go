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
	mark := markRows(s.guard, rows)
	n := filterRows(s.f, rows, out)
	s.out = out
	if err := checkRows(s.guard, rows, mark); err != nil || n == 0 {
		return err
	}
	return s.next.Push(out[:n])
}

// filterRows fills out, which is as long as in, with the rows for which f is true, and gives their number. One turn of the loop
// makes four calls, for the reason that mapRows gives.
//
//go:noinline
func filterRows[T any](f func(T) bool, in, out []T) (n int) {
	for len(in) >= 4 {
		from := (*[4]T)(in)
		if f(from[0]) {
			out[n] = from[0]
			n++
		}
		if f(from[1]) {
			out[n] = from[1]
			n++
		}
		if f(from[2]) {
			out[n] = from[2]
			n++
		}
		if f(from[3]) {
			out[n] = from[3]
			n++
		}
		in = in[4:]
	}
	for i := range in {
		if f(in[i]) {
			out[n] = in[i]
			n++
		}
	}
	return n
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
