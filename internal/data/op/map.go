package op

// Map is the operator behind the verb of that name.
type Map[T, U any] struct{ F func(T) U }

// Wire implements Transform.
func (o *Map[T, U]) Wire(t *Task, down any) (any, error) {
	next, err := sinkOf[U](down)
	return &mapSink[T, U]{f: o.F, next: next, guard: guardOf[T](t)}, err
}

type mapSink[T, U any] struct {
	f     func(T) U
	next  Sink[U]
	out   []U
	guard *guard
}

func (s *mapSink[T, U]) Push(rows []T) error {
	out := room(s.out, len(rows))
	mark := markRows(s.guard, rows)
	mapRows(s.f, rows, out)
	s.out = out
	if err := checkRows(s.guard, rows, mark); err != nil {
		return err
	}
	return s.next.Push(out)
}

// mapRows fills out, which is as long as in. What costs here is what lives across a call of f and is loaded again after it: so the
// loop has a function of its own with little that lives, and one turn makes four calls.
//
//go:noinline
func mapRows[T, U any](f func(T) U, in []T, out []U) {
	for len(in) >= 4 && len(out) >= 4 {
		from, to := (*[4]T)(in), (*[4]U)(out)
		to[0] = f(from[0])
		to[1] = f(from[1])
		to[2] = f(from[2])
		to[3] = f(from[3])
		in, out = in[4:], out[4:]
	}
	for i := range in {
		out[i] = f(in[i])
	}
}

// room gives a slice of n rows, of buf's memory when it is large enough.
func room[U any](buf []U, n int) []U {
	if cap(buf) < n {
		return make([]U, n, max(n, 64))
	}
	return buf[:n]
}

// MapWith is Map with an environment.
type MapWith[E, T, U any] struct {
	Env E
	F   func(E, T) U
}

// Wire implements Transform.
func (o *MapWith[E, T, U]) Wire(t *Task, down any) (any, error) {
	next, err := sinkOf[U](down)
	return &mapWithSink[E, T, U]{env: o.Env, f: o.F, next: next, guard: guardOf[T](t)}, err
}

type mapWithSink[E, T, U any] struct {
	env   E
	f     func(E, T) U
	next  Sink[U]
	out   []U
	guard *guard
}

func (s *mapWithSink[E, T, U]) Push(rows []T) error {
	out := room(s.out, len(rows))
	f, env := s.f, s.env
	mark := markRows(s.guard, rows)
	for i := range rows {
		out[i] = f(env, rows[i])
	}
	s.out = out
	if err := checkRows(s.guard, rows, mark); err != nil {
		return err
	}
	return s.next.Push(out)
}

// Functor is a value with a method Apply: a function whose environment is its fields.
type Functor[T, U any] interface{ Apply(T) U }

// MapFn is Map over a functor.
type MapFn[F Functor[T, U], T, U any] struct{ Fn F }

// Wire implements Transform.
func (o *MapFn[F, T, U]) Wire(t *Task, down any) (any, error) {
	next, err := sinkOf[U](down)
	return &mapSink[T, U]{f: o.Fn.Apply, next: next, guard: guardOf[T](t)}, err
}

// MapBatches gives the user's function whole batches.
type MapBatches[T, U any] struct{ F func(in []T, out []U) []U }

// Wire implements Transform.
func (o *MapBatches[T, U]) Wire(t *Task, down any) (any, error) {
	next, err := sinkOf[U](down)
	return &batchSink[T, U]{f: o.F, next: next, guard: guardOf[T](t)}, err
}

type batchSink[T, U any] struct {
	f     func(in []T, out []U) []U
	next  Sink[U]
	out   []U
	guard *guard
}

func (s *batchSink[T, U]) Push(rows []T) error {
	mark := markRows(s.guard, rows)
	s.out = s.f(rows, s.out[:0])
	if err := checkRows(s.guard, rows, mark); err != nil {
		return err
	}
	return pushAll(s.next, s.out)
}

// pushAll pushes rows in batches of BatchRows.
func pushAll[T any](next Sink[T], rows []T) error {
	for len(rows) > BatchRows {
		if err := next.Push(rows[:BatchRows]); err != nil {
			return err
		}
		rows = rows[BatchRows:]
	}
	if len(rows) == 0 {
		return nil
	}
	return next.Push(rows)
}
