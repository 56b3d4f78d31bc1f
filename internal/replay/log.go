package replay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"reflect"
	"strings"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// Log is a log whose header was understood.
type Log struct {
	About  string
	Config sched.Config
	blocks []byte
	start  int // of blocks in the file
}

// Record is one Step of the run.
type Record struct {
	Now   sched.Time
	Event sched.Event
	Check uint16 // low bits of the digest of all orders so far
}

// Ending says how a log ends.
type Ending uint8

// The endings.
const (
	Complete Ending = iota + 1 // the run ended
	Stopped                    // the recorder stopped
	CutOff                     // the file does, as when the process was killed
)

// ErrNotALog is the error of data that is something else.
var ErrNotALog = errors.New("this is not a log of Kiln's scheduler")

// OtherShape is the error of a log whose events are not those of this program.
type OtherShape struct{ First string } // the first one that differs, as the log has it

// Error gives what is wrong and what to do.
func (e *OtherShape) Error() string {
	return fmt.Sprintf("the log was written by another version of Kiln, whose %s differs: replay it with that version", e.First)
}

// Open reads the header of a log. The log keeps data.
func Open(data []byte) (*Log, error) {
	if len(data) < len(magic) || string(data[:len(magic)-1]) != magic[:len(magic)-1] {
		return nil, ErrNotALog
	}
	if data[len(magic)-1] != magic[len(magic)-1] {
		return nil, fmt.Errorf("the log has version %d, and this program reads %d", data[len(magic)-1], magic[len(magic)-1])
	}
	header, rest, err := nextBlock(data[len(magic):])
	if err != nil {
		return nil, fmt.Errorf("the header of the log is broken: %w", err)
	}
	l := &Log{blocks: rest, start: len(data) - len(rest)}
	r := &reader{data: header}
	if shapes := string(r.take(r.number(1))); r.err == nil && shapes != shapesText() {
		return nil, &OtherShape{firstDifference(shapes)}
	}
	textShape.get(r, reflect.ValueOf(&l.About).Elem())
	configShape.get(r, reflect.ValueOf(&l.Config).Elem())
	if r.err != nil {
		return nil, fmt.Errorf("the header of the log is broken: %w", r.err)
	}
	return l, nil
}

// firstDifference gives the name of the first type that differs.
func firstDifference(shapes string) string {
	ours := strings.Split(shapesText(), "\n")
	for i, theirs := range strings.Split(shapes, "\n") {
		if i >= len(ours) || theirs != ours[i] {
			name, _, _ := strings.Cut(theirs, "{")
			return name[:min(len(name), 100)]
		}
	}
	return "list of events"
}

var (
	errCutOff = errors.New("the file ends within a block")
	errDamage = errors.New("a block is damaged")
)

// nextBlock gives the payload of the first block, and what follows it.
func nextBlock(data []byte) (payload, rest []byte, err error) {
	n, size := binary.Uvarint(data)
	switch {
	case size == 0:
		return nil, nil, errCutOff
	case size < 0 || n > maxBlock+blockSize:
		return nil, nil, errDamage
	case uint64(len(data)-size) < n+4:
		return nil, nil, errCutOff
	}
	payload, rest = data[size:size+int(n)], data[size+int(n):]
	if binary.LittleEndian.Uint32(rest) != crc32.Checksum(payload, castagnoli) {
		return nil, nil, errDamage
	}
	return payload, rest[4:], nil
}

// contents is a walk over the records of a log.
type contents struct {
	log    *Log
	reader reader
	now    sched.Time
	ending Ending
	why    string // of Stopped
	digest uint64 // in the block's end that was met last
	err    error
}

// all gives the records up to the end, or up to the first damage.
func (c *contents) all() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		blocks := c.log.blocks
		for c.ending == 0 && c.err == nil {
			payload, rest, err := nextBlock(blocks)
			if errors.Is(err, errCutOff) {
				c.ending = CutOff
				return
			}
			if err != nil {
				c.err = fmt.Errorf("byte %d of the log: %w", c.log.start+len(c.log.blocks)-len(blocks), err)
				return
			}
			blocks, c.reader.data = rest, payload
			for len(c.reader.data) > 0 {
				rec, ok := c.record()
				if c.reader.err != nil {
					c.err = fmt.Errorf("the block before byte %d of the log: %w", c.log.start+len(c.log.blocks)-len(blocks), c.reader.err)
					return
				}
				if ok && !yield(rec) {
					return
				}
			}
		}
	}
}

// record reads one record, and says whether it is a Step.
func (c *contents) record() (rec Record, ok bool) {
	r := &c.reader
	switch tag := r.byte(); {
	case tag == stopTag:
		c.ending = Stopped
		textShape.get(r, reflect.ValueOf(&c.why).Elem())
	case tag == digestTag:
		if sum := r.take(8); sum != nil {
			c.digest = binary.LittleEndian.Uint64(sum)
		}
	case tag == endTag:
		c.ending = Complete
	case tag < firstEvent || int(tag-firstEvent) >= len(events.types):
		r.fail("a record is of no known kind")
	default:
		return c.event(int(tag - firstEvent)), true
	}
	return rec, false
}

func (c *contents) event(kind int) (rec Record) {
	r := &c.reader
	since := sched.Time(r.varint())
	if c.now+since < c.now {
		r.fail("time runs backwards")
	}
	c.now += since
	v := reflect.New(events.types[kind]).Elem()
	events.shapes[kind].get(r, v)
	if check := r.take(2); check != nil {
		rec = Record{Now: c.now, Event: v.Interface().(sched.Event), Check: binary.LittleEndian.Uint16(check)}
	}
	return rec
}
