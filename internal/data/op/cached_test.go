package op

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"unsafe"
)

// numbers is an input of one partition.
type numbers []int64

func (n numbers) Parts() int { return 1 }

func (n numbers) Run(sink *Sink) error {
	for batch := range slices.Chunk(n, BatchRows) {
		if err := sink.push(unsafe.Pointer(&batch[0]), len(batch)); err != nil {
			return err
		}
	}
	return nil
}

func (n numbers) RunPart(_ int, sink *Sink) error { return n.Run(sink) }

// shelf is a host that keeps one partition: as rows, or encoded.
type shelf struct {
	fakeHost
	encoded bytes.Buffer
	value   *CacheValue
}

func (s *shelf) Grow(int64) bool            { return true }
func (s *shelf) Writer() (io.Writer, error) { return &s.encoded, nil }

func (s *shelf) Cached(_ *Task, c CacheRequest) error {
	if s.value != nil {
		return c.Load(s.value.Rows, &s.encoded)
	}
	v, err := c.Compute(s)
	s.value = &v
	return err
}

func TestRowsOfACachedPartitionCountAsRead(t *testing.T) {
	rows := make(numbers, 3*chunkRows+5)
	for _, level := range []Level{{Memory: true}, {Memory: true, Encoded: true}} {
		s := &shelf{}
		read := func(ctx context.Context, each func(task *Task)) (n int64, err error) {
			task := fakeTask(&s.fakeHost, ample(), 0, 1)
			task.Host, task.Context = s, ctx
			err = (&Cached{Rows: TypeOf[int64](), RDD: 1, Level: level}).Run(task, []Input{rows}, sinkOf(func(rows []int64) error {
				n += int64(len(rows))
				each(task)
				return nil
			}))
			return n, err
		}
		if n, err := read(t.Context(), func(*Task) {}); n != int64(len(rows)) || err != nil {
			t.Fatalf("%+v: %d rows, %v", level, n, err)
		}
		told := []int64{}
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("enough")
		n, err := read(ctx, func(task *Task) {
			rows, _ := task.Read()
			if told = append(told, rows); len(told) == 10 {
				cancel(stop)
				task.Stop()
			}
		})
		if err != stop || len(told) != 10 || n != told[9] || told[0] == 0 || !slices.IsSorted(told) {
			t.Errorf("%+v: it was stopped after %d rows and told %v: %v", level, n, told, err)
		}
		s.encoded.Reset()
	}
}
