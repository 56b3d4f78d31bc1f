package op

import (
	"bufio"
	"errors"
	"io"
	"unsafe"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/codec"
)

// Cached keeps the rows of its input, partition by partition, and gives them again without computing.
type Cached struct {
	Rows  RowType `kiln:"op"`
	RDD   ids.RDDID
	Level Level
}

// Run implements Combine.
func (o *Cached) Run(t *Task, in []Input, out *Sink) error {
	l, next, err := wire(o.Rows, out)
	if err != nil {
		return err
	}
	stopped := false
	err = t.Host.Cached(t, CacheRequest{
		Block: ids.RDD(o.RDD, t.Part),
		Level: o.Level,
		Load:  func(rows any, encoded io.Reader) error { return load(t, l, rows, encoded, next) },
		Compute: func(k Keeper) (CacheValue, error) {
			s := &keepSink{layout: l, level: o.Level, keeper: k, next: next, values: o.Level.Memory && !o.Level.Encoded, comp: t.Compression}
			if err := in[0].Run(&Sink{rows: l.typ, push: s.push}); err != nil {
				return CacheValue{}, err
			}
			stopped = s.stopped
			return s.value()
		},
	})
	if err == nil && stopped {
		return ErrStop
	}
	return err
}

// load pushes stored rows, and counts them as rows that the task has read. In memory they lie in chunks; encoded they are a stream of blocks.
func load(t *Task, l *layout, rows any, encoded io.Reader, next pushFunc) error {
	counted := func(rows unsafe.Pointer, n int) error {
		t.Metrics.RowsIn += int64(n)
		if err := t.Err(); err != nil {
			return err
		}
		return next(rows, n)
	}
	chunks, ok := rows.([]rowBuffer)
	if !ok {
		return readBlocks(t, l, encoded, counted)
	}
	for i := range chunks {
		if err := l.inBatches(chunks[i].base, chunks[i].n, counted); err != nil {
			return err
		}
	}
	return nil
}

// readBlocks pushes the rows of a stream of encoded blocks.
func readBlocks(t *Task, l *layout, from io.Reader, next pushFunc) error {
	r := bufio.NewReaderSize(from, 256<<10)
	d, rows := codec.NewDecoder(l.codec), rowBuffer{layout: l}
	for {
		// Rows alias their block, and may be kept: every block has a buffer of its own.
		block, err := codec.ReadBlock(r, nil)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err = rows.decode(d, block); err != nil {
			return err
		}
		if err := t.Err(); err != nil {
			return err
		}
		if err := l.inBatches(rows.base, rows.n, next); err != nil {
			return err
		}
	}
}

// chunkRows is how many rows of a cached partition lie together.
const chunkRows = 16 * BatchRows

// keepSink pushes rows on and keeps copies: as rows while memory is granted, else encoded.
type keepSink struct {
	*layout
	level   Level
	keeper  Keeper
	next    pushFunc
	stopped bool // next wants no more, but a partition is kept whole or not at all

	values bool // rows are kept as they are
	lost   bool // they did not fit
	chunks []rowBuffer
	arena  codec.Arena
	held   int64

	comp  codec.Compression
	write blockWriter
}

func (s *keepSink) push(rows unsafe.Pointer, n int) error {
	if err := s.keep(rows, n); err != nil {
		return err
	}
	if s.stopped {
		return nil
	}
	err := s.next(rows, n)
	if errors.Is(err, ErrStop) {
		s.stopped = true
		return nil
	}
	return err
}

func (s *keepSink) keep(rows unsafe.Pointer, n int) error {
	if s.lost {
		return nil
	}
	if !s.values {
		return s.encode(rows, n)
	}
	weight := s.bytes(n) + s.codec.Footprint(rows, n)
	if s.keeper.Grow(weight) {
		s.held += weight
		s.add(rows, n)
		return nil
	}
	s.values = false
	kept := s.chunks
	s.chunks = nil
	if !s.level.Disk {
		s.lost = true
		return nil
	}
	for i := range kept {
		if err := s.inBatches(kept[i].base, kept[i].n, s.encode); err != nil {
			return err
		}
	}
	return s.encode(rows, n)
}

// add keeps copies of n rows that refer to nothing outside of the cache.
func (s *keepSink) add(rows unsafe.Pointer, n int) {
	last := len(s.chunks) - 1
	if last < 0 || s.chunks[last].n+n > s.chunks[last].cap {
		size := chunkRows
		if last < 0 {
			size = max(n, 2*BatchRows) // small partitions stay small
		}
		s.chunks = append(s.chunks, rowBuffer{layout: s.layout})
		last++
		s.chunks[last].reserve(max(size, n))
	}
	chunk := &s.chunks[last]
	chunk.add(rows, n)
	s.codec.Detach(chunk.at(chunk.n-n), n, &s.arena)
}

func (s *keepSink) encode(rows unsafe.Pointer, n int) (err error) {
	if s.write.to == nil {
		if s.write.to, err = s.keeper.Writer(); err != nil {
			return err
		}
		s.write.enc = codec.NewEncoder(s.codec, s.comp)
	}
	return s.write.push(rows, n)
}

func (s *keepSink) value() (CacheValue, error) {
	switch {
	case s.lost:
		return CacheValue{}, nil
	case s.values:
		chunks, comp, c := s.chunks, s.comp, s.codec
		if chunks == nil {
			chunks = []rowBuffer{} // an empty partition is cached too
		}
		return CacheValue{Rows: chunks, Size: s.held, Encode: func(w io.Writer) error { return encodeChunks(codec.NewEncoder(c, comp), w, chunks) }}, nil
	case s.write.to == nil: // no rows: an empty stream is what is kept
		_, err := s.keeper.Writer()
		return CacheValue{}, err
	}
	return CacheValue{}, nil
}

// blockWriter writes rows as encoded blocks.
type blockWriter struct {
	enc *codec.Encoder
	to  io.Writer
	buf []byte
}

func (w *blockWriter) push(rows unsafe.Pointer, n int) (err error) {
	if w.buf, err = w.enc.AppendBlock(w.buf[:0], rows, n); err != nil {
		return err
	}
	_, err = w.to.Write(w.buf)
	return err
}

func encodeChunks(enc *codec.Encoder, to io.Writer, chunks []rowBuffer) error {
	w := blockWriter{enc: enc, to: to}
	for i := range chunks {
		if err := chunks[i].inBatches(chunks[i].base, chunks[i].n, w.push); err != nil {
			return err
		}
	}
	return nil
}
