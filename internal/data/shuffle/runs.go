package shuffle

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// runs is what a writer has spilled: runs one after the other in one file, each in order of reduce partitions.
type runs struct {
	file   *disk.Writer
	list   []run
	memory int64 // bytes of memory that the runs took before
	bytes  int64 // bytes of the runs
}

// run is one spill: parts of the partitions that had blocks.
type run struct {
	from, to int64 // in the file
	parts    []part
}

// part is one partition's share of a run; its checksum is verified when it is merged.
type part struct {
	reduce uint32
	crc    uint32
	size   int64
}

// add writes all of buf as one run.
func (rs *runs) add(buf *buffer, reduces int) error {
	out := newGather(rs.file)
	defer out.free()
	r := run{from: rs.bytes, to: rs.bytes + buf.bytes}
	for _, p := range buf.sorted(reduces) {
		block := buf.at(p)
		if n := len(r.parts); n == 0 || r.parts[n-1].reduce != p.reduce {
			r.parts = append(r.parts, part{reduce: p.reduce})
		}
		last := &r.parts[len(r.parts)-1]
		last.crc = crc32.Update(last.crc, castagnoli, block)
		last.size += int64(len(block))
		if err := out.write(block); err != nil {
			return err
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	rs.list = append(rs.list, r)
	rs.bytes = r.to
	rs.memory += buf.memory()
	return nil
}

func (rs *runs) discard() {
	if rs.file != nil {
		rs.file.Discard()
		rs.file = nil
	}
}

// mergeMemory is what the read buffers of all runs take together when they are merged.
const mergeMemory = 8 << 20

// readers gives one reader for each run.
func (rs *runs) readers() []runReader {
	if len(rs.list) == 0 {
		return nil
	}
	size := min(max(mergeMemory/len(rs.list), 16<<10), lastChunk)
	all := make([]runReader, len(rs.list))
	for i, r := range rs.list {
		all[i] = runReader{file: rs.file, run: r, buf: make([]byte, 0, min(int64(size), r.to-r.from))}
	}
	return all
}

// runReader reads a run once from its front to its end.
type runReader struct {
	file *disk.Writer
	run  run
	buf  []byte
	left []byte // of buf
}

// copy hands the run's part for a reduce partition to take, if there is one. Partitions are asked for in order.
func (r *runReader) copy(reduce uint32, take func(p []byte) error) error {
	if len(r.run.parts) == 0 || r.run.parts[0].reduce != reduce {
		return nil
	}
	want := r.run.parts[0]
	r.run.parts = r.run.parts[1:]
	crc := uint32(0)
	for n := want.size; n > 0; {
		if len(r.left) == 0 {
			if err := r.fill(); err != nil {
				return err
			}
		}
		p := r.left[:min(n, int64(len(r.left)))]
		r.left = r.left[len(p):]
		n -= int64(len(p))
		crc = crc32.Update(crc, castagnoli, p)
		if err := take(p); err != nil {
			return err
		}
	}
	if crc != want.crc {
		return fmt.Errorf("%w: a spilled run in %s does not read back as it was written", ErrCorrupt, r.file.Path())
	}
	return nil
}

func (r *runReader) fill() error {
	n := min(int64(cap(r.buf)), r.run.to-r.run.from)
	r.left = r.buf[:n]
	if _, err := r.file.ReadAt(r.left, r.run.from); err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: the spill file %s is cut off", ErrCorrupt, r.file.Path())
		}
		return err
	}
	r.run.from += n
	return nil
}

// gather makes few large writes of many small ones.
type gather struct {
	w   io.Writer
	buf *chunk
}

func newGather(w io.Writer) *gather { return &gather{w: w, buf: newChunk(lastChunk)} }

func (g *gather) write(p []byte) error {
	if len(p) > g.buf.room() {
		if err := g.flush(); err != nil {
			return err
		}
		if len(p) >= lastChunk/4 {
			_, err := g.w.Write(p)
			return err
		}
	}
	g.buf.bytes = append(g.buf.bytes, p...)
	return nil
}

func (g *gather) flush() error {
	if len(g.buf.bytes) == 0 {
		return nil
	}
	_, err := g.w.Write(g.buf.bytes)
	g.buf.bytes = g.buf.bytes[:0]
	return err
}

func (g *gather) free() { g.buf.free() }
