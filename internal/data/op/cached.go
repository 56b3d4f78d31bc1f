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
type Cached[T any] struct {
	RDD   ids.RDDID
	Level Level
}

// Run implements Combine.
func (o *Cached[T]) Run(t *Task, in []Input, out any) error {
	next, err := sinkOf[T](out)
	if err != nil {
		return err
	}
	c, err := codec.For[T]()
	if err != nil {
		return err
	}
	stopped := false
	err = t.Host.Cached(t, CacheRequest{
		Block: ids.RDD(o.RDD, t.Part),
		Level: o.Level,
		Load:  func(rows any, encoded io.Reader) error { return load(t, c, rows, encoded, next) },
		Compute: func(k Keeper) (CacheValue, error) {
			s := &keepSink[T]{level: o.Level, codec: c, keeper: k, next: next, values: o.Level.Memory && !o.Level.Encoded, comp: t.Compression}
			if err := in[0].Run(s); err != nil {
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

// load pushes stored rows. In memory they lie in chunks; encoded they are a stream of blocks.
func load[T any](t *Task, c *codec.Codec, rows any, encoded io.Reader, next Sink[T]) error {
	if chunks, ok := rows.([][]T); ok {
		for _, chunk := range chunks {
			if err := t.Err(); err != nil {
				return err
			}
			if err := pushAll(next, chunk); err != nil {
				return err
			}
		}
		return nil
	}
	return readBlocks(t, c, encoded, next)
}

// readBlocks pushes the rows of a stream of encoded blocks.
func readBlocks[T any](t *Task, c *codec.Codec, from io.Reader, next Sink[T]) error {
	r := bufio.NewReaderSize(from, 256<<10)
	d := codec.NewDecoder(c)
	var rows []T
	for {
		// Rows alias their block, and may be kept: every block has a buffer of its own.
		block, err := codec.ReadBlock(r, nil)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if rows, _, err = codec.NextRows(d, block, rows); err != nil {
			return err
		}
		if err := t.Err(); err != nil {
			return err
		}
		if err := pushAll(next, rows); err != nil {
			return err
		}
	}
}

// chunkRows is how many rows of a cached partition lie together.
const chunkRows = 16 * BatchRows

// keepSink pushes rows on and keeps copies: as rows while memory is granted, else encoded.
type keepSink[T any] struct {
	level   Level
	codec   *codec.Codec
	keeper  Keeper
	next    Sink[T]
	stopped bool // next wants no more, but a partition is kept whole or not at all

	values bool // rows are kept as they are
	lost   bool // they did not fit
	chunks [][]T
	arena  codec.Arena
	size   int64

	comp codec.Compression
	enc  *codec.Encoder
	w    io.Writer
	buf  []byte
}

func (s *keepSink[T]) Push(rows []T) error {
	if err := s.keep(rows); err != nil {
		return err
	}
	if s.stopped {
		return nil
	}
	err := s.next.Push(rows)
	if errors.Is(err, ErrStop) {
		s.stopped = true
		return nil
	}
	return err
}

func (s *keepSink[T]) keep(rows []T) error {
	if s.lost || len(rows) == 0 {
		return nil
	}
	if !s.values {
		return s.encode(rows)
	}
	n := int64(len(rows))*int64(unsafe.Sizeof(*new(T))) + s.codec.Footprint(unsafe.Pointer(unsafe.SliceData(rows)), len(rows))
	if s.keeper.Grow(n) {
		s.size += n
		s.copy(rows)
		return nil
	}
	s.values = false
	kept := s.chunks
	s.chunks = nil
	if !s.level.Disk {
		s.lost = true
		return nil
	}
	for _, chunk := range kept {
		if err := pushAll(encodeSink[T]{s}, chunk); err != nil {
			return err
		}
	}
	return s.encode(rows)
}

func (s *keepSink[T]) copy(rows []T) {
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last])+len(rows) > cap(s.chunks[last]) {
		size := chunkRows
		if last < 0 {
			size = max(len(rows), 2*BatchRows) // small partitions stay small
		}
		s.chunks = append(s.chunks, make([]T, 0, max(size, len(rows))))
		last++
	}
	at := len(s.chunks[last])
	s.chunks[last] = append(s.chunks[last], rows...)
	mine := s.chunks[last][at:]
	s.codec.Detach(unsafe.Pointer(unsafe.SliceData(mine)), len(mine), &s.arena)
}

func (s *keepSink[T]) encode(rows []T) (err error) {
	if s.w == nil {
		if s.w, err = s.keeper.Writer(); err != nil {
			return err
		}
		s.enc = codec.NewEncoder(s.codec, s.comp)
	}
	if s.buf, err = codec.AppendRows(s.enc, s.buf[:0], rows); err != nil {
		return err
	}
	_, err = s.w.Write(s.buf)
	return err
}

type encodeSink[T any] struct{ s *keepSink[T] }

func (e encodeSink[T]) Push(rows []T) error { return e.s.encode(rows) }

func (s *keepSink[T]) value() (CacheValue, error) {
	switch {
	case s.lost:
		return CacheValue{}, nil
	case s.values:
		chunks, c, comp := s.chunks, s.codec, s.comp
		if chunks == nil {
			chunks = [][]T{} // an empty partition is cached too
		}
		return CacheValue{Rows: chunks, Size: s.size, Encode: func(w io.Writer) error { return encodeChunks(codec.NewEncoder(c, comp), w, chunks) }}, nil
	case s.w == nil: // no rows: an empty stream is what is kept
		_, err := s.keeper.Writer()
		return CacheValue{}, err
	}
	return CacheValue{}, nil
}

func encodeChunks[T any](enc *codec.Encoder, w io.Writer, chunks [][]T) error {
	k := keepSink[T]{w: w, enc: enc}
	for _, chunk := range chunks {
		if err := pushAll(encodeSink[T]{&k}, chunk); err != nil {
			return err
		}
	}
	return nil
}
