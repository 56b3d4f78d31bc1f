package op

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// fakeHost is an executor in memory: map outputs of committed writers, and spills as byte slices.
type fakeHost struct {
	shuffles   map[ids.ShuffleID][][][]byte // by reduce partition
	spills     int                          // spill files ever made
	open       int                          // spill files not yet closed
	spillFails error
}

func newFakeHost() *fakeHost { return &fakeHost{shuffles: map[ids.ShuffleID][][][]byte{}} }

func (h *fakeHost) ShuffleWriter(t *Task) (ShuffleWriter, error) {
	return &fakeWriter{host: h, id: t.Stage.Shuffle, data: make([][]byte, t.Stage.Reduces)}, nil
}

func (h *fakeHost) ReadShuffle(_ *Task, shuffle ids.ShuffleID, reduce int, push func(data []byte) error) error {
	parts := h.shuffles[shuffle]
	if parts == nil {
		return nil
	}
	for _, data := range parts[reduce] {
		if err := push(bytes.Clone(data)); err != nil {
			return err
		}
	}
	return nil
}

func (h *fakeHost) SpillFile(*Task) (SpillFile, error) {
	h.spills++
	h.open++
	return &fakeSpill{host: h}, nil
}

func (h *fakeHost) Cached(*Task, CacheRequest) error { return errors.New("nothing is cached here") }

func (h *fakeHost) Ask(_ *Task, kind task.CallKind, _ []byte) ([][]byte, error) {
	if kind == task.Commit {
		return nil, nil
	}
	return nil, errors.New("nobody answers")
}

func (h *fakeHost) Broadcast(*Task, BroadcastRef, func([]byte) (any, error)) (any, error) {
	return nil, errors.New("nothing is broadcast here")
}

type fakeWriter struct {
	host *fakeHost
	id   ids.ShuffleID
	data [][]byte
}

func (w *fakeWriter) Append(reduce int, block []byte) error {
	w.data[reduce] = append(w.data[reduce], block...)
	return nil
}

func (w *fakeWriter) Commit(digest uint64) ([]int64, uint64, error) {
	parts := w.host.shuffles[w.id]
	if parts == nil {
		parts = make([][][]byte, len(w.data))
	}
	sizes := make([]int64, len(w.data))
	for i, d := range w.data {
		sizes[i] = int64(len(d))
		if len(d) > 0 {
			parts[i] = append(parts[i], d)
		}
	}
	w.host.shuffles[w.id] = parts
	return sizes, digest, nil
}

func (w *fakeWriter) Discard() { w.data = nil }

type fakeSpill struct {
	host   *fakeHost
	data   []byte
	closed bool
}

func (s *fakeSpill) Write(p []byte) (int, error) {
	if s.host.spillFails != nil {
		return 0, s.host.spillFails
	}
	s.data = append(s.data, p...)
	return len(p), nil
}

func (s *fakeSpill) Reader(offset, n int64) io.Reader {
	return bytes.NewReader(s.data[offset : offset+n])
}

func (s *fakeSpill) Close() error {
	if !s.closed {
		s.closed = true
		s.host.open--
	}
	return nil
}

// fakeMemory grants up to limit bytes, and refuses at random too.
type fakeMemory struct {
	limit, used, peak int64
	refuse            float64
	chance            *rand.Rand
}

func (m *fakeMemory) Grow(n int64) bool {
	if n <= 0 {
		panic(fmt.Sprintf("an operator asks for %d bytes", n))
	}
	if m.used+n > m.limit || m.refuse > 0 && m.chance.Float64() < m.refuse {
		return false
	}
	m.used += n
	m.peak = max(m.peak, m.used)
	return true
}

func (m *fakeMemory) Shrink(n int64) {
	if n < 0 || n > m.used {
		panic(fmt.Sprintf("an operator gives back %d of %d bytes", n, m.used))
	}
	m.used -= n
}

func ample() *fakeMemory { return &fakeMemory{limit: math.MaxInt64} }

// fakeTask is a task of partition part whose map output, if it has one, goes to reduces partitions of shuffle 1.
func fakeTask(h *fakeHost, m *fakeMemory, part, reduces int) *Task {
	return &Task{
		Context: context.Background(), Metrics: &task.Metrics{}, Memory: m, Host: h, Part: part,
		Stage: &task.Stage{IsMap: true, Reduces: reduces, Shuffle: 1},
	}
}

// failer is what testing and rapid have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// rest ends a task and checks that it left nothing behind.
func rest(tb failer, t *Task, err error) {
	tb.Helper()
	t.RunDone(err)
	if used := t.Memory.(*fakeMemory).used; used != 0 {
		tb.Fatalf("%d bytes of memory were not given back", used)
	}
	if open := t.Host.(*fakeHost).open; open != 0 {
		tb.Fatalf("%d spill files are still open", open)
	}
}

// pushInto pushes rows in batches of size, and spoils each batch afterwards, as an operator that reuses its memory does.
func pushInto[T any](sink *Sink, rows []T, size int) error {
	push, err := sink.taking(TypeOf[T]())
	if err != nil {
		return err
	}
	batch := make([]T, 0, size)
	for from := 0; from < len(rows); from += size {
		batch = append(batch[:0], rows[from:min(from+size, len(rows))]...)
		err := pushTo(push, batch)
		clear(batch)
		if err != nil {
			return err
		}
	}
	return nil
}

// takeSink keeps copies of rows, and stops after limit of them when limit is not zero.
type takeSink[T any] struct {
	rows  []T
	limit int
	fail  error
	most  int // rows of the largest batch
}

func (s *takeSink[T]) sink() *Sink { return sinkOf(s.push) }

func (s *takeSink[T]) push(rows []T) error {
	if s.fail != nil {
		return s.fail
	}
	if len(rows) == 0 {
		return errors.New("an empty batch")
	}
	s.rows = append(s.rows, rows...)
	s.most = max(s.most, len(rows))
	if s.limit > 0 && len(s.rows) >= s.limit {
		return ErrStop
	}
	return nil
}

// through wires a transform to sink, pushes rows and ends it.
func through[T, U any](t *Task, o Transform, rows []T, size int, sink *takeSink[U]) error {
	up, err := o.Wire(t, sink.sink())
	if err != nil {
		return err
	}
	if err := pushInto(up, rows, size); err != nil {
		return err
	}
	return up.close()
}

// into writes rows to an output and finishes it.
func into[T any](t *Task, o Output, rows []T, size int) (Answer, error) {
	sink, done, err := o.Open(t)
	if err != nil {
		return Answer{}, err
	}
	if err := pushInto(sink, rows, size); err != nil {
		done.Abort()
		return Answer{}, err
	}
	if err := sink.close(); err != nil {
		done.Abort()
		return Answer{}, err
	}
	return done.Finish()
}

// shuffled gives the rows of one reduce partition.
func shuffled[T any](t *Task, reduce int) ([]T, error) {
	var s takeSink[T]
	err := (&ShuffleRead{Rows: TypeOf[T](), Shuffle: 1}).Read(t, reduce, nil, s.sink())
	return s.rows, err
}

// rowsInput is an Input with one part.
type rowsInput[T any] struct {
	rows []T
	size int
}

func (in rowsInput[T]) Parts() int           { return 1 }
func (in rowsInput[T]) Run(sink *Sink) error { return pushInto(sink, in.rows, in.size) }
func (in rowsInput[T]) RunPart(_ int, sink *Sink) error {
	return in.Run(sink)
}

// cancelled gives a context that has ended with cause.
func cancelled(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}
