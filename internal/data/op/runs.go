package op

import (
	"fmt"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// mergedRuns is how many runs are read at once: each has a block in memory.
const mergedRuns = 64

// sortedRuns are spilled runs of sorted rows, in the order in which their rows came.
type sortedRuns struct {
	s     *sorter
	file  *spillFile // each part is a run
	enc   *codec.Encoder
	block []byte
}

func newSortedRuns(s *sorter) *sortedRuns {
	r := &sortedRuns{s: s, file: &spillFile{t: s.t}, enc: codec.NewEncoder(s.rows.codec, s.t.Compression)}
	s.t.OnDone(func(error) { r.close() })
	return r
}

// begin starts a new run.
func (r *sortedRuns) begin() { r.file.parts = append(r.file.parts, nil) }

// append adds rows to the run that was begun last.
func (r *sortedRuns) append(rows unsafe.Pointer, n int) (err error) {
	if r.block, err = r.enc.AppendBlock(r.block[:0], rows, n); err != nil {
		return err
	}
	return r.file.Append(len(r.file.parts)-1, r.block)
}

func (r *sortedRuns) close() { r.file.close() }

// merge gives the rows of all runs in order. While there are too many runs, neighbours become one: that keeps equal rows in order.
func (r *sortedRuns) merge(push pushFunc) error {
	if err := r.file.seal(); err != nil {
		return err
	}
	for len(r.file.parts) > mergedRuns {
		if err := r.pass(r.file); err != nil {
			return err
		}
	}
	return r.mergeSome(r.file, r.file.parts, push)
}

// pass merges runs into fewer ones, in another file.
func (r *sortedRuns) pass(from *spillFile) error {
	defer from.close()
	r.file = &spillFile{t: r.s.t}
	for lo := 0; lo < len(from.parts); lo += mergedRuns {
		r.begin()
		if err := r.mergeSome(from, from.parts[lo:min(lo+mergedRuns, len(from.parts))], r.append); err != nil {
			return err
		}
	}
	return r.file.seal()
}

func (r *sortedRuns) mergeSome(from *spillFile, runs [][]segment, push pushFunc) error {
	cursors := make([]runCursor, len(runs))
	var tie func(a, b int) int
	if r.s.tie != nil {
		tie = func(a, b int) int { return r.s.compare(cursors[a].row(), cursors[b].row()) }
	}
	tree := newLoserTree(len(runs), tie)
	l := r.s.rows.layout
	for i := range cursors {
		cursors[i] = runCursor{file: from, blocks: runs[i], decoder: codec.NewDecoder(l.codec), rows: rowBuffer{layout: l}, at: -1}
		if err := r.advance(&cursors[i], tree, i); err != nil {
			return err
		}
	}
	tree.build()
	out, size := rowBuffer{layout: l}, batchOf(l.size)
	out.reserve(size)
	for i, ok := tree.top(); ok; i, ok = tree.top() {
		l.one(out.at(out.n), cursors[i].row())
		if out.n++; out.n == size {
			if err := push(out.base, out.n); err != nil {
				return err
			}
			out.n = 0
		}
		if err := r.advance(&cursors[i], tree, i); err != nil {
			return err
		}
		tree.fix()
	}
	if out.n == 0 {
		return nil
	}
	return push(out.base, out.n)
}

// runCursor stands at a row of a run.
type runCursor struct {
	file     *spillFile
	blocks   []segment // not yet read
	decoder  *codec.Decoder
	rows     rowBuffer
	prefixes []uint64
	at       int
}

func (c *runCursor) row() unsafe.Pointer { return c.rows.at(c.at) }

// advance moves to the next row and tells the tree.
func (r *sortedRuns) advance(c *runCursor, tree *loserTree, i int) error {
	if c.at++; c.at >= c.rows.n {
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
		if _, err := c.rows.decode(c.decoder, block); err != nil {
			return fmt.Errorf("read a spill back: %w", err)
		}
		c.blocks, c.at = c.blocks[1:], 0
		c.prefixes = room(c.prefixes, c.rows.n)
		r.s.rank(c.rows.base, c.rows.n, c.prefixes)
	}
	tree.prefix[i] = c.prefixes[c.at]
	return nil
}
