package op

import (
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Collect answers with all rows, as encoded blocks.
type Collect[T any] struct{}

// Open implements Output.
func (o *Collect[T]) Open(t *Task) (any, Done, error) {
	c, err := codec.For[T]()
	if err != nil {
		return nil, nil, err
	}
	s := &collectSink[T]{t: t, enc: codec.NewEncoder(c, codec.None), limit: batchOf(unsafe.Sizeof(*new(T)))}
	return s, s, nil
}

// collectSink gathers small batches, so that a block is worth its header.
type collectSink[T any] struct {
	t     *Task
	enc   *codec.Encoder
	limit int
	rows  []T
	value []byte
}

func (s *collectSink[T]) Push(rows []T) (err error) {
	s.t.Metrics.RowsOut += int64(len(rows))
	if len(s.rows) == 0 && len(rows) >= s.limit {
		s.value, err = codec.AppendRows(s.enc, s.value, rows)
		return err
	}
	s.rows = append(s.rows, rows...)
	if len(s.rows) < s.limit {
		return nil
	}
	return s.End()
}

func (s *collectSink[T]) End() (err error) {
	if len(s.rows) > 0 {
		s.value, err = codec.AppendRows(s.enc, s.value, s.rows)
		s.rows = s.rows[:0]
	}
	return err
}

func (s *collectSink[T]) Finish() (Answer, error) { return Answer{Value: s.value}, nil }
func (s *collectSink[T]) Abort()                  {}

// DecodeRows reads back, on the driver, the rows of one answer of Collect.
func DecodeRows[T any](value []byte, rows []T) ([]T, error) {
	c, err := codec.For[T]()
	if err != nil {
		return rows, err
	}
	var batch []T
	for d := codec.NewDecoder(c); len(value) > 0; {
		// The rows are handed to the user: they must not share their blocks, so batch begins anew where rows hold references.
		if batch, value, err = codec.NextRows(d, value, batch[:0]); err != nil {
			return rows, err
		}
		rows = append(rows, batch...)
	}
	return rows, nil
}

// Count answers with the number of rows, as eight bytes.
type Count[T any] struct{}

// Open implements Output.
func (o *Count[T]) Open(*Task) (any, Done, error) {
	s := &countSink[T]{}
	return s, s, nil
}

type countSink[T any] struct{ n int64 }

func (s *countSink[T]) Push(rows []T) error { s.n += int64(len(rows)); return nil }
func (s *countSink[T]) Abort()              {}
func (s *countSink[T]) Finish() (Answer, error) {
	v, err := codec.EncodeValue(s.n)
	return Answer{Value: v}, err
}
