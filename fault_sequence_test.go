package kiln_test

import (
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/kilnproject/kiln"
)

func noRows(int64) iter.Seq[int64] { return nil }

func TestANilSequenceHasNoRows(t *testing.T) {
	s := start(t)
	d := kiln.Range(s, 0, 10, 1, 2)
	for name, rows := range map[string]kiln.RDD[int64]{
		"FlatMapSeq":    kiln.FlatMapSeq(d, noRows),
		"Generate":      kiln.Generate(s, 2, 0, func(int, int) iter.Seq[int64] { return nil }),
		"MapPartitions": kiln.MapPartitions(d, func(*kiln.TaskContext, iter.Seq[int64]) iter.Seq2[int64, error] { return nil }),
	} {
		if n, err := rows.Count(t.Context()); n != 0 || err != nil {
			t.Errorf("%s: %d rows, %v", name, n, err)
		}
	}
}

// heedless yields an error and goes on, which an endless one would do for ever.
func heedless(*kiln.TaskContext, iter.Seq[int64]) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		yield(0, io.ErrUnexpectedEOF)
		for i := int64(0); ; i++ {
			yield(i, nil)
		}
	}
}

// deaf never looks at what yield says.
func deaf(*kiln.TaskContext, iter.Seq[int64]) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		for i := int64(0); ; i++ {
			yield(i, nil)
		}
	}
}

func TestTheErrorOfASequenceThatGoesOnIsItsFirst(t *testing.T) {
	s := start(t)
	d := kiln.Range(s, 0, 10, 1, 2)
	if _, err := kiln.MapPartitions(d, heedless).Count(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	_, err := kiln.MapPartitions(d, deaf).Take(t.Context(), 3)
	wantWords(t, err, "yield returned false")
}
