package op

import (
	"fmt"
	"io"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// Grace partitioning: when memory is refused, rows are sent by some bits of their keys' hashes to the parts of a spill, and each
// part is then processed alone, by the next bits if it has to be split again.
const (
	spillBits  = 4
	spillParts = 1 << spillBits
	// deepest is how often rows are split. What is too large after that has few keys, and splitting does not help.
	deepest = 6
	// ungranted is what may still be held without a grant when nothing can be split any more: failing over so little is worse.
	ungranted = 1 << 20
)

// spillPart gives the part of a key at a depth. The bits are mixed anew, because reduce partitions and tables use the hash too.
func spillPart(hash uint64, depth int) int32 {
	hash ^= hash >> 29
	hash *= 0xBF58476D1CE4E5B9
	return int32(hash >> (64 - spillBits*(depth+1)) & (spillParts - 1))
}

// segment is a run of bytes in a spill file.
type segment struct{ at, n int64 }

// spillFile keeps the blocks of numbered parts in one file. The file is made when something is first written.
type spillFile struct {
	t     *Task
	file  SpillFile
	parts [][]segment
	at    int64  // end of what was appended
	buf   []byte // appended, not yet written
}

const spillBuffer = 256 << 10

// Append implements partWriter.
func (s *spillFile) Append(part int, block []byte) error {
	if s.file == nil {
		f, err := s.t.Host.SpillFile(s.t)
		if err != nil {
			return fmt.Errorf("spill: %w", err)
		}
		s.file = f
	}
	if len(s.buf)+len(block) > spillBuffer {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.buf = append(s.buf, block...)
	s.parts[part] = append(s.parts[part], segment{s.at, int64(len(block))})
	s.at += int64(len(block))
	s.t.Metrics.SpilledDisk += int64(len(block))
	return nil
}

func (s *spillFile) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	if _, err := s.file.Write(s.buf); err != nil {
		return fmt.Errorf("spill: %w", err)
	}
	s.buf = s.buf[:0]
	return nil
}

// seal ends the writing.
func (s *spillFile) seal() error {
	err := s.flush()
	s.buf = nil
	return err
}

// block reads one block back. Rows may alias it for long, so each has memory of its own.
func (s *spillFile) block(g segment) ([]byte, error) {
	buf := make([]byte, g.n)
	if _, err := io.ReadFull(s.file.Reader(g.at, g.n), buf); err != nil {
		return nil, fmt.Errorf("read a spill back: %w", err)
	}
	return buf, nil
}

func (s *spillFile) close() {
	if s.file != nil {
		s.file.Close() // the host removes what is left of it when the task ends
		s.file = nil
	}
}

// spill holds rows of T by parts: first all are pushed, then sealed, then parts are read.
type spill[T any] struct {
	scatter[T]
	file  *spillFile
	depth int
	dest  []int32
}

func newSpill[T any](t *Task, depth int) (*spill[T], error) {
	file := &spillFile{t: t, parts: make([][]segment, spillParts)}
	s, err := newScatter[T](t, nil, file, spillParts)
	if err != nil {
		return nil, err
	}
	s.limit = spillParts * blockBytes / 2
	t.OnDone(func(error) { file.close() })
	return &spill[T]{scatter: *s, file: file, depth: depth}, nil
}

// pushHashed takes rows with the hashes of their keys.
func (s *spill[T]) pushHashed(rows []T, hashes []uint64) error {
	s.dest = room(s.dest, len(rows))
	for i, h := range hashes[:len(rows)] {
		s.dest[i] = spillPart(h, s.depth)
	}
	return s.push(rows, s.dest)
}

func (s *spill[T]) seal() error {
	if err := s.flush(); err != nil {
		return err
	}
	s.free()
	return s.file.seal()
}

// each reads the rows of one part.
func (s *spill[T]) each(part int, push func(rows []T) error) error {
	d := codec.NewDecoder(s.codec)
	var rows []T
	for _, g := range s.file.parts[part] {
		if err := s.file.t.Err(); err != nil {
			return err
		}
		block, err := s.file.block(g)
		if err != nil {
			return err
		}
		if rows, _, err = codec.NextRows(d, block, rows[:0]); err != nil {
			return fmt.Errorf("read a spill back: %w", err)
		}
		for from := 0; from < len(rows); from += BatchRows {
			if err := push(rows[from:min(from+BatchRows, len(rows))]); err != nil {
				return err
			}
		}
	}
	return nil
}

// feed gives one part as a source of rows that can be read again.
func (s *spill[T]) feed(part int) feed[T] {
	return func(push func(rows []T) error) error { return s.each(part, push) }
}

// feed pushes all rows of a source, in batches.
type feed[T any] func(push func(rows []T) error) error

// feedOf makes a feed of an input.
func feedOf[T any](in Input) feed[T] {
	return func(push func(rows []T) error) error { return in.Run(funcSink[T](push)) }
}

// funcSink is a function as a Sink.
type funcSink[T any] func(rows []T) error

// Push implements Sink.
func (f funcSink[T]) Push(rows []T) error { return f(rows) }

// tooLarge is the error for what cannot be split any more.
func tooLarge(what string, bytes int64) error {
	return fmt.Errorf("%s: %d MiB do not fit into the memory of a task and cannot be split: raise kiln.executor.memory, run fewer tasks at once, or make the keys finer", what, bytes>>20)
}

// firstAt gives where the first of rows lies.
func firstAt[T any](rows []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(rows)) }
