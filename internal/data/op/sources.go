package op

import (
	"iter"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/source"
)

// TextLines reads lines of files.
type TextLines struct{}

// Read implements Source.
func (o *TextLines) Read(t *Task, _ int, split []byte, out *Sink) error {
	next, err := out.taking(TypeOf[string]())
	if err != nil {
		return err
	}
	s, err := source.DecodeSplit(split)
	if err != nil {
		return err
	}
	return source.ReadLines(t.Context, s, &t.Metrics.BytesRead, func(rows []string) error {
		t.Metrics.RowsIn += int64(len(rows))
		if err := t.Err(); err != nil {
			return err
		}
		return pushTo(next, rows)
	})
}

// WholeFiles reads files as one row each.
type WholeFiles struct{}

// Read implements Source.
func (o *WholeFiles) Read(t *Task, _ int, split []byte, out *Sink) error {
	next, err := out.taking(TypeOf[KV[string, []byte]]())
	if err != nil {
		return err
	}
	s, err := source.DecodeSplit(split)
	if err != nil {
		return err
	}
	return source.ReadWhole(t.Context, s, &t.Metrics.BytesRead, func(path string, data []byte) error {
		t.Metrics.RowsIn++
		return pushTo(next, []KV[string, []byte]{{path, data}})
	})
}

// BinaryRecords reads records of one length.
type BinaryRecords struct{ Length int }

// Read implements Source.
func (o *BinaryRecords) Read(t *Task, _ int, split []byte, out *Sink) error {
	next, err := out.taking(TypeOf[[]byte]())
	if err != nil {
		return err
	}
	s, err := source.DecodeSplit(split)
	if err != nil {
		return err
	}
	return source.ReadRecords(t.Context, s, o.Length, &t.Metrics.BytesRead, func(rows [][]byte) error {
		t.Metrics.RowsIn += int64(len(rows))
		if err := t.Err(); err != nil {
			return err
		}
		return pushTo(next, rows)
	})
}

// Items gives the rows that its split holds as encoded blocks: Parallelize, and what else the driver hands over.
type Items struct {
	Rows RowType `kiln:"op"`
}

// Read implements Source.
func (o *Items) Read(t *Task, _ int, split []byte, out *Sink) error {
	l, next, err := wire(o.Rows, out)
	if err != nil {
		return err
	}
	rows := rowBuffer{layout: l}
	for d := codec.NewDecoder(l.codec); len(split) > 0; {
		if split, err = rows.decode(d, split); err != nil {
			return err
		}
		t.Metrics.RowsIn += int64(rows.n)
		if err := t.Err(); err != nil {
			return err
		}
		if err := l.inBatches(rows.base, rows.n, next); err != nil {
			return err
		}
	}
	return nil
}

// EncodeItems makes a split of Items of some of the items, a slice of rows.
func EncodeItems(items any, from, to int) ([]byte, error) {
	all := reflect.ValueOf(items)
	l, err := layoutFor(all.Type().Elem())
	if err != nil {
		return nil, err
	}
	e, split := codec.NewEncoder(l.codec, codec.None), []byte{}
	if from == to {
		return split, nil
	}
	err = l.inBatches(unsafe.Add(all.UnsafePointer(), uintptr(from)*l.size), to-from, func(rows unsafe.Pointer, n int) (err error) {
		split, err = e.AppendBlock(split, rows, n)
		return err
	})
	return split, err
}

// Range counts from From to To, which is left out, cut into Parts partitions.
type Range struct {
	From, Step int64
	Count      int64 // numbers in all
	Parts      int
}

// Read implements Source.
func (o *Range) Read(t *Task, partition int, _ []byte, out *Sink) error {
	next, err := out.taking(TypeOf[int64]())
	if err != nil {
		return err
	}
	first, last := Share(o.Count, partition, o.Parts), Share(o.Count, partition+1, o.Parts)
	batch := make([]int64, min(BatchRows, last-first)) // a short partition does not pay for a long one
	for at := first; at < last; {
		if err := t.Err(); err != nil {
			return err
		}
		n := int(min(BatchRows, last-at))
		v := o.From + at*o.Step
		for i := range batch[:n] {
			batch[i] = v
			v += o.Step
		}
		t.Metrics.RowsIn += int64(n)
		if err := pushTo(next, batch[:n]); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// Share is where part p of n begins among count things.
func Share(count int64, p, n int) int64 {
	per, rest := count/int64(n), count%int64(n)
	return per*int64(p) + min(int64(p), rest)
}

// Generate gives the rows of a user's sequence.
type Generate[E, T any] struct {
	Env E
	F   func(env E, partition int) iter.Seq[T]
}

// Read implements Source.
func (o *Generate[E, T]) Read(t *Task, partition int, _ []byte, out *Sink) error {
	next, err := out.taking(TypeOf[T]())
	if err != nil {
		return err
	}
	seq := o.F(o.Env, partition)
	if seq == nil {
		return nil
	}
	g := gather[T]{next: next, out: make([]T, 0, BatchRows)}
	for row := range seq {
		g.out = append(g.out, row)
		if len(g.out) < BatchRows {
			continue
		}
		t.Metrics.RowsIn += BatchRows
		if err := t.Err(); err != nil {
			return err
		}
		if err := g.flush(); err != nil {
			return err
		}
	}
	t.Metrics.RowsIn += int64(len(g.out))
	return g.flush()
}
