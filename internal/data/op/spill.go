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

// spill holds rows by parts: first all are pushed, then sealed, then parts are read.
type spill struct {
	*scatter
	file  *spillFile
	depth int
	dest  []int32
}

func newSpill(t *Task, l *layout, depth int) *spill {
	file := &spillFile{t: t, parts: make([][]segment, spillParts)}
	s := newScatter(t, nil, l, file, spillParts)
	s.limit = spillParts * blockBytes / 2
	t.OnDone(func(error) { file.close() })
	return &spill{scatter: s, file: file, depth: depth}
}

// pushHashed takes rows with the hashes of their keys.
func (s *spill) pushHashed(rows unsafe.Pointer, n int, hashes []uint64) error {
	s.dest = room(s.dest, n)
	for i, h := range hashes[:n] {
		s.dest[i] = spillPart(h, s.depth)
	}
	return s.push(rows, n, s.dest)
}

func (s *spill) seal() error {
	if err := s.flush(); err != nil {
		return err
	}
	s.free()
	return s.file.seal()
}

// each reads the rows of one part.
func (s *spill) each(part int, push pushFunc) error {
	l := s.rows.layout
	d, rows := codec.NewDecoder(l.codec), rowBuffer{layout: l}
	for _, g := range s.file.parts[part] {
		if err := s.file.t.Err(); err != nil {
			return err
		}
		block, err := s.file.block(g)
		if err != nil {
			return err
		}
		if _, err := rows.decode(d, block); err != nil {
			return fmt.Errorf("read a spill back: %w", err)
		}
		if err := l.inBatches(rows.base, rows.n, push); err != nil {
			return err
		}
	}
	return nil
}

// feed gives one part as a source of rows that can be read again.
func (s *spill) feed(part int) feed {
	return func(push pushFunc) error { return s.each(part, push) }
}

// tooLarge is the error for what cannot be split any more.
func tooLarge(what string, bytes int64) error {
	return fmt.Errorf("%s: %d MiB do not fit into the memory of a task and cannot be split: raise kiln.executor.memory, run fewer tasks at once, or make the keys finer", what, bytes>>20)
}
