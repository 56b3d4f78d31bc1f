package op

import (
	"cmp"
	"fmt"
	"slices"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Top answers with the N greatest rows of a partition by Compare, greatest first; of equal rows the earlier ones are kept.
type Top[T any] struct {
	N       int
	Least   bool // the least instead, least first
	Compare func(a, b T) int
}

// Open implements Output.
func (o *Top[T]) Open(t *Task) (any, Done, error) {
	c, err := codec.For[T]()
	if err != nil {
		return nil, nil, err
	}
	s := &topSink[T]{t: t, held: holdFor(t), codec: c, n: max(0, o.N), compare: turned(o.Compare, o.Least)}
	return s, s, nil
}

// topSink gathers rows that may be among the greatest. Once it has many more than n, it keeps the best n, and their last row is
// what later rows have to beat: most rows then cost one comparison.
type topSink[T any] struct {
	t       *Task
	held    *held
	codec   *codec.Codec
	n       int
	compare func(a, b T) int
	rows    []T
	least   T
	full    bool // least is set
	bytes   int64
}

// Push implements Sink.
func (s *topSink[T]) Push(rows []T) error {
	if err := s.t.Err(); err != nil || s.n == 0 {
		return err
	}
	for i := range rows {
		if s.full && s.compare(rows[i], s.least) <= 0 {
			continue
		}
		s.rows = append(s.rows, rows[i])
		if len(s.rows) >= s.n+max(s.n, BatchRows) {
			s.best()
		}
	}
	if weight := s.bytes + int64(cap(s.rows))*int64(unsafe.Sizeof(*new(T))); !s.held.want(weight) {
		return fmt.Errorf("the %d greatest rows of %T need %d MiB, more than the memory of a task: ask for fewer rows, or raise kiln.executor.memory", s.n, *new(T), weight>>20)
	}
	return nil
}

// best keeps the n greatest rows, and makes them independent of the blocks that brought them.
func (s *topSink[T]) best() {
	s.rows = greatest(s.rows, s.n, s.compare)
	if len(s.rows) == 0 {
		return
	}
	if s.full = len(s.rows) == s.n; s.full {
		s.least = s.rows[s.n-1]
	}
	if !s.codec.Flat() {
		var arena codec.Arena
		s.codec.Detach(firstAt(s.rows), len(s.rows), &arena)
		s.bytes = s.codec.Footprint(firstAt(s.rows), len(s.rows))
		s.least = s.rows[len(s.rows)-1]
	}
}

// Finish implements Done.
func (s *topSink[T]) Finish() (Answer, error) {
	defer s.Abort()
	s.best()
	value, err := codec.AppendRows(codec.NewEncoder(s.codec, codec.None), nil, s.rows)
	return Answer{Value: value}, err
}

// Abort implements Done.
func (s *topSink[T]) Abort() {
	s.rows = nil
	s.held.release()
}

// MergeTop gives, on the driver, the n greatest rows of the answers of all partitions, greatest first.
func MergeTop[T any](values [][]byte, n int, compare func(a, b T) int) ([]T, error) {
	var all []T
	var err error
	for _, v := range values {
		if all, err = DecodeRows(v, all); err != nil {
			return nil, err
		}
	}
	return greatest(all, n, compare), nil
}

// greatest gives the n greatest rows, greatest first and equal ones in the order in which they came.
func greatest[T any](rows []T, n int, compare func(a, b T) int) []T {
	order := inOrderOf(len(rows), func(a, b int32) int { return compare(rows[b], rows[a]) })
	out := make([]T, min(max(0, n), len(rows)))
	for i := range out {
		out[i] = rows[order[i]]
	}
	return out
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
