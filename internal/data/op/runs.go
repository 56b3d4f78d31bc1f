package op

import (
	"fmt"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// mergedRuns is how many runs are read at once: each has a block in memory.
const mergedRuns = 64

// sortedRuns are spilled runs of sorted rows, in the order in which their rows came.
type sortedRuns[T any] struct {
	s     *sorter[T]
	file  *spillFile // each part is a run
	enc   *codec.Encoder
	block []byte
}

func newSortedRuns[T any](s *sorter[T]) *sortedRuns[T] {
	r := &sortedRuns[T]{s: s, file: &spillFile{t: s.t}, enc: codec.NewEncoder(s.rows.codec, s.t.compression())}
	s.t.OnDone(func(error) { r.close() })
	return r
}

// begin starts a new run.
func (r *sortedRuns[T]) begin() { r.file.parts = append(r.file.parts, nil) }

// append adds rows to the run that was begun last.
func (r *sortedRuns[T]) append(rows []T) (err error) {
	if r.block, err = codec.AppendRows(r.enc, r.block[:0], rows); err != nil {
		return err
	}
	return r.file.Append(len(r.file.parts)-1, r.block)
}

func (r *sortedRuns[T]) close() { r.file.close() }

// merge gives the rows of all runs in order. While there are too many runs, neighbours become one: that keeps equal rows in order.
func (r *sortedRuns[T]) merge(push func(rows []T) error) error {
	if err := r.file.seal(); err != nil {
		return err
	}
	for len(r.file.parts) > mergedRuns {
		from := r.file
		defer from.close()
		r.file = &spillFile{t: r.s.t}
		for lo := 0; lo < len(from.parts); lo += mergedRuns {
			r.begin()
			if err := r.mergeSome(from, from.parts[lo:min(lo+mergedRuns, len(from.parts))], r.append); err != nil {
				return err
			}
		}
		if err := r.file.seal(); err != nil {
			return err
		}
	}
	return r.mergeSome(r.file, r.file.parts, push)
}

func (r *sortedRuns[T]) mergeSome(from *spillFile, runs [][]segment, push func(rows []T) error) error {
	cursors := make([]runCursor[T], len(runs))
	var tie func(a, b int) int
	if r.s.tie != nil {
		tie = func(a, b int) int {
			ca, cb := &cursors[a], &cursors[b]
			return r.s.compare(&ca.rows[ca.at], &cb.rows[cb.at])
		}
	}
	tree := newLoserTree(len(runs), tie)
	for i := range cursors {
		cursors[i] = runCursor[T]{file: from, blocks: runs[i], decoder: codec.NewDecoder(r.s.rows.codec), at: -1}
		if err := r.advance(&cursors[i], tree, i); err != nil {
			return err
		}
	}
	tree.build()
	size := batchOf(unsafe.Sizeof(*new(T)))
	out := make([]T, 0, size)
	for {
		i, ok := tree.top()
		if !ok {
			break
		}
		out = append(out, cursors[i].rows[cursors[i].at])
		if len(out) == size {
			if err := push(out); err != nil {
				return err
			}
			out = out[:0]
		}
		if err := r.advance(&cursors[i], tree, i); err != nil {
			return err
		}
		tree.fix()
	}
	if len(out) == 0 {
		return nil
	}
	return push(out)
}

// runCursor stands at a row of a run.
type runCursor[T any] struct {
	file     *spillFile
	blocks   []segment // not yet read
	decoder  *codec.Decoder
	rows     []T
	prefixes []uint64
	at       int
}

// advance moves to the next row and tells the tree.
func (r *sortedRuns[T]) advance(c *runCursor[T], tree *loserTree, i int) error {
	if c.at++; c.at >= len(c.rows) {
		if len(c.blocks) == 0 {
			tree.done[i] = true
			return nil
		}
		if err := r.s.t.Err(); err != nil {
			return err
		}
		block, err := c.file.block(c.blocks[0])
		if err != nil {
			return err
		}
		if c.rows, _, err = codec.NextRows(c.decoder, block, c.rows[:0]); err != nil {
			return fmt.Errorf("read a spill back: %w", err)
		}
		c.blocks, c.at = c.blocks[1:], 0
		c.prefixes = room(c.prefixes, len(c.rows))
		r.s.rank(c.rows, c.prefixes)
	}
	tree.prefix[i] = c.prefixes[c.at]
	return nil
}
