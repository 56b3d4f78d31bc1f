package op

import (
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Collect answers with all rows, as encoded blocks.
type Collect struct {
	Rows RowType `kiln:"op"`
}

// Open implements Output.
func (o *Collect) Open(t *Task) (*Sink, Done, error) {
	l, err := layoutFor(Reflect(o.Rows))
	if err != nil {
		return nil, nil, err
	}
	s := &collector{t: t, enc: codec.NewEncoder(l.codec, codec.None), limit: batchOf(l.size), rows: rowBuffer{layout: l}}
	return &Sink{rows: l.typ, push: s.push, end: s.flush}, s, nil
}

// collector gathers small batches, so that a block is worth its header.
type collector struct {
	t     *Task
	enc   *codec.Encoder
	limit int
	rows  rowBuffer
	value []byte
}

func (s *collector) push(rows unsafe.Pointer, n int) (err error) {
	s.t.Metrics.RowsOut += int64(n)
	if s.rows.n == 0 && n >= s.limit {
		s.value, err = s.enc.AppendBlock(s.value, rows, n)
		return err
	}
	s.rows.add(rows, n)
	if s.rows.n < s.limit {
		return nil
	}
	return s.flush()
}

func (s *collector) flush() (err error) {
	if s.rows.n > 0 {
		s.value, err = s.enc.AppendBlock(s.value, s.rows.base, s.rows.n)
		s.rows.n = 0
	}
	return err
}

// Finish implements Done.
func (s *collector) Finish() (Answer, error) { return Answer{Value: s.value}, nil }

// Abort implements Done.
func (s *collector) Abort() {}

// Count answers with the number of rows, whatever they are, as eight bytes.
type Count struct{}

// Open implements Output.
func (o *Count) Open(*Task) (*Sink, Done, error) {
	var all int64
	count := func(_ unsafe.Pointer, n int) error { all += int64(n); return nil }
	return &Sink{push: count}, answering[int64]{func() int64 { return all }}, nil
}
