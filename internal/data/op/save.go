package op

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/storage"
)

// Target is where a save writes: an output that the driver has begun.
type Target struct {
	Path  string // of the directory, for its scheme
	Token string
	App   string // makes the names of attempts unique
}

// part opens the task's file of the target; its name ends in suffix.
func (g Target) part(t *Task, suffix string) (*partFile, error) {
	place, err := storage.For(g.Path)
	if err != nil {
		return nil, err
	}
	a, err := place.Attempt(t.Context, g.Token, fmt.Sprintf("%s-%d", g.App, t.ID))
	if err != nil {
		return nil, err
	}
	p := &partFile{task: t, attempt: a}
	if p.file, err = a.Part(fmt.Sprintf("part-%05d%s", t.Ref.Partition, suffix)); err != nil {
		return nil, errors.Join(err, a.Abort())
	}
	p.w = bufio.NewWriterSize(p.file, 1<<20)
	return p, nil
}

// partFile is what one task attempt writes. Its answer is the receipt by which the driver publishes it.
type partFile struct {
	task    *Task
	attempt storage.Attempt
	file    io.WriteCloser
	w       *bufio.Writer
}

func (p *partFile) Finish() (Answer, error) {
	err := p.w.Flush()
	if cerr := p.file.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = p.task.mayCommit()
	}
	if err != nil {
		return Answer{}, errors.Join(err, p.attempt.Abort())
	}
	receipt, err := p.attempt.Commit()
	return Answer{Value: []byte(receipt)}, err
}

func (p *partFile) Abort() {
	// What cannot be removed now goes with the output, which the driver aborts.
	_ = p.file.Close()
	_ = p.attempt.Abort()
}

// SaveText writes one row a line: strings and byte slices as they are, others as fmt prints them.
type SaveText struct {
	Rows   RowType `kiln:"op"`
	Target Target
}

// Open implements Output.
func (o *SaveText) Open(t *Task) (*Sink, Done, error) {
	p, err := o.Target.part(t, ".txt")
	if err != nil {
		return nil, nil, err
	}
	rows := Reflect(o.Rows)
	return &Sink{rows: rows, push: linesTo(p.w, rows)}, p, nil
}

// linesTo gives the push that writes rows of a type as lines.
func linesTo(w *bufio.Writer, rows reflect.Type) pushFunc {
	switch rows {
	case reflect.TypeFor[string]():
		return func(rows unsafe.Pointer, n int) error {
			for _, row := range unsafe.Slice((*string)(rows), n) {
				w.WriteString(row) //nolint:errcheck // a bufio.Writer keeps its first error until WriteByte below
				if err := w.WriteByte('\n'); err != nil {
					return err
				}
			}
			return nil
		}
	case reflect.TypeFor[[]byte]():
		return func(rows unsafe.Pointer, n int) error {
			for _, row := range unsafe.Slice((*[]byte)(rows), n) {
				w.Write(row) //nolint:errcheck // as above
				if err := w.WriteByte('\n'); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return func(base unsafe.Pointer, n int) error {
		all := reflect.SliceAt(rows, base, n)
		for i := range n {
			if _, err := fmt.Fprintln(w, all.Index(i).Interface()); err != nil {
				return err
			}
		}
		return nil
	}
}

// SaveBinary writes rows one after the other, with nothing between them.
type SaveBinary struct{ Target Target }

// Open implements Output.
func (o *SaveBinary) Open(t *Task) (*Sink, Done, error) {
	p, err := o.Target.part(t, ".bin")
	if err != nil {
		return nil, nil, err
	}
	return sinkOf(func(rows [][]byte) error { return writeAll(p.w, rows) }), p, nil
}

func writeAll(w *bufio.Writer, rows [][]byte) error {
	for _, row := range rows {
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	return nil
}

// SaveBlocks writes rows as encoded blocks: what a checkpoint is made of.
type SaveBlocks struct {
	Rows   RowType `kiln:"op"`
	Target Target
}

// Open implements Output.
func (o *SaveBlocks) Open(t *Task) (*Sink, Done, error) {
	l, err := layoutFor(Reflect(o.Rows))
	if err != nil {
		return nil, nil, err
	}
	p, err := o.Target.part(t, ".blocks")
	if err != nil {
		return nil, nil, err
	}
	w := &blockWriter{enc: codec.NewEncoder(l.codec, codec.Zstd), to: p.w}
	return &Sink{rows: l.typ, push: w.push}, p, nil
}

// LoadBlocks reads what SaveBlocks wrote; the split is the path of the file.
type LoadBlocks struct {
	Rows RowType `kiln:"op"`
}

// Read implements Source.
func (o *LoadBlocks) Read(t *Task, _ int, split []byte, out *Sink) error {
	l, next, err := wire(o.Rows, out)
	if err != nil {
		return err
	}
	path := string(split)
	place, err := storage.For(path)
	if err != nil {
		return err
	}
	f, err := place.Open(context.WithoutCancel(t.Context), path, 0, -1)
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	defer f.Close()
	if err := readBlocks(t, l, f, next); err != nil && !errors.Is(err, ErrStop) {
		return fmt.Errorf("checkpoint %s: %w", path, err)
	} else if err != nil {
		return err
	}
	return nil
}
