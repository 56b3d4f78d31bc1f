package shuffle

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// output makes the map output of what the writer holds and has spilled: in memory when it is small, else in a file.
func (w *Writer) output() (out *output, sizes []int64, err error) {
	places := w.buf.sorted(w.reduces)
	if len(w.runs.list) == 0 {
		size := w.buf.bytes + int64(distinct(places))*trailerBytes
		if size <= math.MaxUint32 && w.st.borrow(size) {
			out, sizes = w.inMemory(places, size)
			return out, sizes, nil
		}
	}
	return w.inFile(places)
}

// distinct counts the reduce partitions of sorted places.
func distinct(places []place) (n int) {
	for i := range places {
		if i == 0 || places[i].reduce != places[i-1].reduce {
			n++
		}
	}
	return n
}

// inMemory makes one slice of all segments.
func (w *Writer) inMemory(places []place, size int64) (out *output, sizes []int64) {
	out = &output{reduces: w.reduces, data: make([]byte, 0, size), starts: make([]uint32, w.reduces+1)}
	sizes = make([]int64, w.reduces)
	next := 0
	for reduce := range w.reduces {
		from := len(out.data)
		out.starts[reduce] = uint32(from)
		for next < len(places) && places[next].reduce == uint32(reduce) {
			out.data = append(out.data, w.buf.at(places[next])...)
			next++
		}
		if body := out.data[from:]; len(body) > 0 {
			out.data = binary.LittleEndian.AppendUint32(out.data, crc32.Checksum(body, castagnoli))
			sizes[reduce] = int64(len(out.data) - from)
		}
	}
	out.starts[w.reduces] = uint32(len(out.data))
	return out, sizes
}

// inFile merges the runs and what is in memory into a data file.
func (w *Writer) inFile(places []place) (out *output, sizes []int64, err error) {
	name := fmt.Sprintf("shuffle_%d_%d_%d.data", w.shuffle, w.mapPart, w.attempt)
	file, err := w.st.dir.Create(name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Discard()
	m := merger{out: newGather(file), runs: w.runs.readers(), buf: &w.buf, places: places}
	defer m.out.free()
	offsets := make([]int64, w.reduces+1)
	sizes = make([]int64, w.reduces)
	for reduce := range w.reduces {
		if err := m.segment(uint32(reduce)); err != nil {
			return nil, nil, err
		}
		offsets[reduce+1] = m.written
		sizes[reduce] = m.written - offsets[reduce]
	}
	if err := m.out.write(appendTail(nil, offsets)); err != nil {
		return nil, nil, err
	}
	if err := m.out.flush(); err != nil {
		return nil, nil, err
	}
	if err := file.Commit(); err != nil {
		return nil, nil, err
	}
	return &output{reduces: w.reduces, file: name, dataBytes: m.written}, sizes, nil
}

// merger writes segment after segment.
type merger struct {
	out     *gather
	runs    []runReader
	buf     *buffer
	places  []place // what is not written yet
	written int64
	crc     uint32 // of the segment under way
}

// segment writes what the runs and the buffer have for one reduce partition, in the order in which it was appended.
func (m *merger) segment(reduce uint32) error {
	from := m.written
	m.crc = 0
	for i := range m.runs {
		if err := m.runs[i].copy(reduce, m.take); err != nil {
			return err
		}
	}
	for len(m.places) > 0 && m.places[0].reduce == reduce {
		if err := m.take(m.buf.at(m.places[0])); err != nil {
			return err
		}
		m.places = m.places[1:]
	}
	if m.written == from {
		return nil
	}
	m.written += trailerBytes
	return m.out.write(binary.LittleEndian.AppendUint32(nil, m.crc))
}

func (m *merger) take(p []byte) error {
	m.crc = crc32.Update(m.crc, castagnoli, p)
	m.written += int64(len(p))
	return m.out.write(p)
}
