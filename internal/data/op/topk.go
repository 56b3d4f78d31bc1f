package op

import (
	"cmp"
	"fmt"
	"slices"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Top answers with the N greatest rows of a partition by Compare of its call, greatest first; of equal rows the earlier ones are kept.
type Top struct {
	N     int
	Least bool   // the least instead, least first
	Call  Caller `kiln:"op"`
}

// Open implements Output.
func (o *Top) Open(t *Task) (*Sink, Done, error) {
	c := o.Call.erase()
	l, err := layoutFor(c.rows)
	if err != nil {
		return nil, nil, err
	}
	s := &topper{t: t, held: holdFor(t), n: max(0, o.N), before: o.ranking(c), rows: rowBuffer{layout: l}}
	return &Sink{rows: l.typ, push: s.push}, s, nil
}

// ranking ranks greater rows before lesser ones, or the other way round.
func (o *Top) ranking(c calls) ranking {
	if o.Least {
		return c.compare
	}
	return func(a, b unsafe.Pointer) int { return c.compare(b, a) }
}

// Of leaves the rows that the operator would answer with.
func (o *Top) Of(r *Rows) {
	if r.buffer.layout != nil {
		r.buffer = r.buffer.best(max(0, o.N), o.ranking(o.Call.erase()))
	}
}

// topper gathers rows that may be among the greatest. Once it has many more than n, it keeps the best n, and their last row is
// what later rows have to beat: most rows then cost one comparison.
type topper struct {
	t      *Task
	held   *held
	n      int
	before ranking
	rows   rowBuffer
	full   bool // the first n of rows are the best so far, in order
	bytes  int64
}

func (s *topper) push(rows unsafe.Pointer, n int) error {
	if err := s.t.Err(); err != nil || s.n == 0 {
		return err
	}
	for i := range n {
		row := unsafe.Add(rows, uintptr(i)*s.rows.size)
		if s.full && s.before(row, s.rows.at(s.n-1)) >= 0 {
			continue
		}
		s.rows.add(row, 1)
		if s.rows.n >= s.n+max(s.n, BatchRows) {
			s.best()
		}
	}
	if weight := s.bytes + s.rows.layout.bytes(s.rows.cap); !s.held.want(weight) {
		return fmt.Errorf("the %d greatest rows of %v need %d MiB, more than the memory of a task: ask for fewer rows, or raise kiln.executor.memory", s.n, s.rows.typ, weight>>20)
	}
	return nil
}

// best keeps the n greatest rows, and makes them independent of the blocks that brought them.
func (s *topper) best() {
	s.rows = s.rows.best(s.n, s.before)
	s.full = s.rows.n == s.n && s.n > 0
	if s.rows.n > 0 && !s.rows.flat {
		var arena codec.Arena
		s.rows.codec.Detach(s.rows.base, s.rows.n, &arena)
		s.bytes = s.rows.refs(s.rows.base, s.rows.n)
	}
}

// best gives the first n rows by before; of equal ones those that came first.
func (b *rowBuffer) best(n int, before ranking) rowBuffer {
	order := inOrderOf(b.n, func(i, j int32) int { return before(b.at(int(i)), b.at(int(j))) })
	out := rowBuffer{layout: b.layout}
	if out.set(min(n, b.n)); out.n > 0 {
		b.move(out.base, b.size, nil, b.base, b.size, order[:out.n], out.n)
	}
	return out
}

// Finish implements Done.
func (s *topper) Finish() (Answer, error) {
	defer s.Abort()
	s.best()
	value, err := codec.NewEncoder(s.rows.codec, codec.None).AppendBlock(nil, s.rows.base, s.rows.n)
	return Answer{Value: value}, err
}

// Abort implements Done.
func (s *topper) Abort() {
	s.rows.free()
	s.held.release()
}

// inOrderOf gives the numbers below n in the order of compare, and equal ones in their own. Sorting numbers instead of rows needs no
// code for each type of rows.
func inOrderOf(n int, compare func(a, b int32) int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if c := compare(a, b); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	return order
}
