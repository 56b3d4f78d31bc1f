package op

import "unsafe"

// Filter keeps the rows for which F is true.
type Filter[T any] struct{ F func(T) bool }

// Wire implements Transform.
func (o *Filter[T]) Wire(t *Task, down *Sink) (*Sink, error) { return wireFilter(t, down, o.F) }

func wireFilter[T any](t *Task, down *Sink, f func(T) bool) (*Sink, error) {
	return wireMapper(t, TypeOf[T](), TypeOf[T](), down, filtering(f))
}

// filtering makes a batchFunc that gives the rows for which f is true. One turn of its loop makes four calls, for the reason that mapping
// gives.
//
//go:noinline
func filtering[T any](f func(T) bool) batchFunc {
	return func(rows, into unsafe.Pointer, n int) (kept int) {
		in, out := unsafe.Slice((*T)(rows), n), unsafe.Slice((*T)(into), n)
		for unsafe.Sizeof(*new(T)) <= smallRow && len(in) >= 4 {
			from := (*[4]T)(in)
			if f(from[0]) {
				out[kept] = from[0]
				kept++
			}
			if f(from[1]) {
				out[kept] = from[1]
				kept++
			}
			if f(from[2]) {
				out[kept] = from[2]
				kept++
			}
			if f(from[3]) {
				out[kept] = from[3]
				kept++
			}
			in = in[4:]
		}
		for i := range in {
			if f(in[i]) {
				out[kept] = in[i]
				kept++
			}
		}
		return kept
	}
}

// FilterWith is Filter with an environment.
type FilterWith[E, T any] struct {
	Env E
	F   func(E, T) bool
}

// Wire implements Transform.
func (o *FilterWith[E, T]) Wire(t *Task, down *Sink) (*Sink, error) {
	env, f := o.Env, o.F
	return wireFilter(t, down, func(row T) bool { return f(env, row) })
}
