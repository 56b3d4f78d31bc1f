package shuffle

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Memory is the task's share of execution memory.
type Memory interface {
	// Grow asks for n more bytes; false means that the writer must do with what it has, and spill.
	Grow(n int64) bool
	// Shrink gives n bytes back.
	Shrink(n int64)
}

// leastHeld is what a writer holds before it spills even when it was granted nothing: runs smaller than this would cost more to
// merge than the memory is worth.
const leastHeld = 256 << 10

// Writer takes the blocks of one attempt of a map task. It belongs to one goroutine and ends with Commit or Discard.
type Writer struct {
	st      *Store
	shuffle ids.ShuffleID
	mapPart int
	reduces int
	attempt ids.TaskID
	mem     Memory

	generation int32

	buf     buffer
	granted int64 // bytes that mem granted for buf
	runs    runs
	peak    int64
	err     error // the first error; the writer takes nothing more
	done    bool
}

// NewWriter begins the output of a map task's attempt. Mem may be nil: memory is not limited then.
func (st *Store) NewWriter(shuffle ids.ShuffleID, mapPartition, reduces int, attempt ids.TaskID, mem Memory) *Writer {
	if mem == nil {
		mem = unlimited{}
	}
	w := &Writer{st: st, shuffle: shuffle, mapPart: mapPartition, reduces: max(reduces, 0), attempt: attempt, mem: mem}
	w.buf.expected = min(reduces, firstChunk/16) // often one block for each
	return w
}

// OfGeneration makes it an output of a generation other than the first: see task.Stage.
func (w *Writer) OfGeneration(generation int32) *Writer {
	w.generation = generation
	return w
}

// Append adds one encoded block for a reduce partition; blocks of one partition keep their order. The block is the caller's again
// afterwards. An error is final: the caller discards.
func (w *Writer) Append(reduce int, block []byte) error {
	switch {
	case w.err != nil:
		return w.err
	case w.done:
		return w.fail(fmt.Errorf("a block after the end"))
	case reduce < 0 || reduce >= w.reduces:
		return w.fail(fmt.Errorf("a block for reduce partition %d of %d", reduce, w.reduces))
	case len(block) > MaxBlock:
		return w.fail(fmt.Errorf("a block of %d bytes, where %d are the most", len(block), MaxBlock))
	}
	if n := prefixBytes + len(block); !w.buf.fits(n) {
		if err := w.makeRoom(n); err != nil {
			return w.fail(err)
		}
	}
	w.buf.add(reduce, block)
	return nil
}

// makeRoom gives the buffer a chunk with room for n bytes, after spilling what it has when no more memory is granted.
func (w *Writer) makeRoom(n int) error {
	more := w.buf.nextChunk(n)
	granted := w.grant(more)
	if !granted && w.buf.memory()+int64(n) > leastHeld && w.buf.bytes > 0 {
		if err := w.spill(); err != nil {
			return err
		}
		more = w.buf.nextChunk(n)
		granted = w.grant(more)
	}
	if !granted { // a little must do: leastHeld bytes, or this one block
		more = max(min(more, leastHeld-w.buf.memory()), int64(n))
	}
	w.buf.grow(more)
	w.peak = max(w.peak, w.buf.memory())
	return nil
}

// grant asks for the memory that the buffer takes with another chunk of more bytes.
func (w *Writer) grant(more int64) bool {
	need := w.buf.memory() + more - w.granted
	if !w.mem.Grow(need) {
		return false
	}
	w.granted += need
	return true
}

// spill writes what is held as one sorted run, and lets go of the memory.
func (w *Writer) spill() error {
	if w.runs.file == nil {
		f, err := w.st.dir.Create(fmt.Sprintf("temp_shuffle_%d_%d_%d", w.shuffle, w.mapPart, w.attempt))
		if err != nil {
			return err
		}
		w.runs.file = f
	}
	if err := w.runs.add(&w.buf, w.reduces); err != nil {
		return err
	}
	w.letGo()
	return nil
}

// letGo empties the buffer and gives its memory back.
func (w *Writer) letGo() {
	w.buf.clear()
	if w.granted > 0 {
		w.mem.Shrink(w.granted)
		w.granted = 0
	}
}

// Commit makes the map output visible and gives the bytes of each segment, zero for partitions without a block. If another
// attempt of the map task committed before and its output is whole, that one stays, and its sizes and digest are given; unless it is
// of an older generation: then it goes, and one of a newer generation makes Commit fail. After an error nothing of the attempt
// is left.
func (w *Writer) Commit(digest uint64) (sizes []int64, kept uint64, err error) {
	if w.err == nil && w.done {
		w.fail(fmt.Errorf("a second commit"))
	}
	if w.err != nil {
		w.Discard()
		return nil, 0, w.err
	}
	defer w.Discard()
	if first, err := w.st.lookup(w.shuffle, w.mapPart); err == nil && w.st.stays(first, w.generation) {
		if sizes, err := w.sizesOf(first); err == nil {
			return sizes, first.digest, nil
		} else if w.err != nil {
			return nil, 0, err
		}
	}
	out, sizes, err := w.output()
	if err != nil {
		return nil, 0, w.fail(err)
	}
	out.digest, out.generation = digest, w.generation
	first, err := w.st.register(w.shuffle, w.mapPart, out)
	if err == nil && first == nil {
		return sizes, digest, nil
	}
	w.drop(out)
	if err == nil {
		digest = first.digest
		sizes, err = w.sizesOf(first)
	}
	if err != nil {
		return nil, 0, w.fail(err)
	}
	return sizes, digest, nil
}

// sizesOf gives the sizes of the output of another attempt, which must be of this generation.
func (w *Writer) sizesOf(first *output) ([]int64, error) {
	if first.generation > w.generation {
		return nil, w.fail(fmt.Errorf("its stage was rolled back meanwhile, and another attempt wrote it anew"))
	}
	return w.st.sizes(first)
}

// drop undoes an output that was not registered.
func (w *Writer) drop(out *output) {
	if out.file == "" {
		w.st.giveBack(int64(len(out.data)))
	} else if err := w.st.dir.Remove(out.file); err != nil {
		w.fail(err)
	}
}

// Discard ends the writer and removes all that it made. After Commit or another Discard it does nothing.
func (w *Writer) Discard() {
	if w.done {
		return
	}
	w.done = true
	w.letGo()
	w.runs.discard()
}

// Spilled gives the bytes of memory that were spilled and the bytes that this took on disk.
func (w *Writer) Spilled() (memory, disk int64) { return w.runs.memory, w.runs.bytes }

// Peak is the most bytes that the writer held in memory.
func (w *Writer) Peak() int64 { return w.peak }

// fail keeps the first error.
func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = fmt.Errorf("writing the output of map partition %d of shuffle %d: %w", w.mapPart, w.shuffle, err)
	}
	return w.err
}

type unlimited struct{}

func (unlimited) Grow(int64) bool { return true }
func (unlimited) Shrink(int64)    {}
