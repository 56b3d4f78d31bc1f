package op

import "unsafe"

// Map is the operator behind the verb of that name.
type Map[T, U any] struct{ F func(T) U }

// Wire implements Transform.
func (o *Map[T, U]) Wire(t *Task, down *Sink) (*Sink, error) {
	return wireMapper(t, TypeOf[T](), TypeOf[U](), down, mapping(o.F))
}

// mapping makes a batchFunc that gives as many rows as it takes. What costs in its loop is what lives across a call of f and is loaded
// again after it: so little lives there, and one turn makes four calls. For large rows that would be much code for nothing.
//
//go:noinline
func mapping[T, U any](f func(T) U) batchFunc {
	return func(rows, into unsafe.Pointer, n int) int {
		in, out := unsafe.Slice((*T)(rows), n), unsafe.Slice((*U)(into), n)
		for unsafe.Sizeof(*new(T)) <= smallRow && len(in) >= 4 && len(out) >= 4 {
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
		return n
	}
}

// smallRow is up to how many bytes passing a row costs little beside the loop around it.
const smallRow = 24

// MapWith is Map with an environment.
type MapWith[E, T, U any] struct {
	Env E
	F   func(E, T) U
}

// Wire implements Transform.
func (o *MapWith[E, T, U]) Wire(t *Task, down *Sink) (*Sink, error) {
	env, f := o.Env, o.F
	return wireMapper(t, TypeOf[T](), TypeOf[U](), down, func(rows, into unsafe.Pointer, n int) int {
		in, out := unsafe.Slice((*T)(rows), n), unsafe.Slice((*U)(into), n)
		for i := range in {
			out[i] = f(env, in[i])
		}
		return n
	})
}

// Functor is a value with a method Apply: a function whose environment is its fields.
type Functor[T, U any] interface{ Apply(T) U }

// MapFn is Map over a functor.
type MapFn[F Functor[T, U], T, U any] struct{ Fn F }

// Wire implements Transform.
func (o *MapFn[F, T, U]) Wire(t *Task, down *Sink) (*Sink, error) {
	return wireMapper(t, TypeOf[T](), TypeOf[U](), down, mapping(o.Fn.Apply))
}

// MapBatches gives the user's function whole batches.
type MapBatches[T, U any] struct{ F func(in []T, out []U) []U }

// Wire implements Transform.
func (o *MapBatches[T, U]) Wire(t *Task, down *Sink) (*Sink, error) {
	next, err := down.taking(TypeOf[U]())
	s := &batchSink[T, U]{f: o.F, next: next}
	return sinkOf(s.push).guarded(t), err
}

type batchSink[T, U any] struct {
	f    func(in []T, out []U) []U
	next pushFunc
	out  []U
}

func (s *batchSink[T, U]) push(rows []T) error {
	s.out = s.f(rows, s.out[:0])
	return pushAll(s.next, s.out)
}

func pushAll[T any](next pushFunc, rows []T) error {
	return inBatches(unsafe.Pointer(unsafe.SliceData(rows)), len(rows), unsafe.Sizeof(*new(T)), next)
}
