package replay

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"reflect"

	"github.com/kilnproject/kiln/internal/core/sched"
)

// magic names a log and its version.
const magic = "KILNSCH\x01"

// blockSize is about how many bytes of records go into one block; maxBlock is the most that a reader takes.
const (
	blockSize = 32 << 10
	maxBlock  = 256 << 20
)

// The tags of records. An event has the tag firstEvent plus its place in the table.
const (
	stopTag    = iota // nothing was recorded from here on; a text says why
	digestTag         // the whole running digest, at the end of a block
	endTag            // the run ended here
	firstEvent = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// digest is a running FNV-1a of all orders.
type digest struct {
	sum     uint64
	scratch []byte
}

func newDigest() digest { return digest{sum: 14695981039346656037} }

// add digests the orders of one Step. It returns false when one of them is not in the table.
func (d *digest) add(done []sched.Action) bool {
	d.scratch = append(d.scratch[:0], '.')
	for _, a := range done {
		if _, fact := a.(sched.Fact); fact {
			continue
		}
		var ok bool
		if d.scratch, ok = orders.put(d.scratch, 0, a); !ok {
			return false
		}
	}
	for _, b := range d.scratch {
		d.sum = (d.sum ^ uint64(b)) * 1099511628211
	}
	return true
}

// Recorder writes down what happens to one core. It is not safe for concurrent use.
type Recorder struct {
	limit   int64
	size    int64 // bytes so far, with those that are in the open block
	out     []byte
	block   []byte // payload of the open block
	last    sched.Time
	digest  digest
	steps   int
	stopped string // why nothing more is recorded
	ended   bool
}

// NewRecorder begins the log of a core with this configuration. About says for people what is run. The log has at most limit bytes,
// and a little more for the end; zero means no limit.
func NewRecorder(c sched.Config, about string, limit int64) *Recorder {
	r := &Recorder{limit: limit, digest: newDigest(), out: []byte(magic)}
	header := binary.AppendUvarint(nil, uint64(len(shapesText())))
	header = append(header, shapesText()...)
	header = textShape.put(header, reflect.ValueOf(about))
	r.block = configShape.put(header, reflect.ValueOf(c))
	r.seal()
	r.size = int64(len(r.out))
	return r
}

// Step records one event, when it came, and what the core did. After the recorder has stopped it does nothing.
func (r *Recorder) Step(now sched.Time, ev sched.Event, done []sched.Action) {
	if r.stopped != "" || r.ended {
		return
	}
	before := len(r.block)
	var ok bool
	if r.block, ok = r.put(now, ev); !ok {
		r.stop(fmt.Sprintf("the event %T cannot be recorded", ev))
		return
	}
	if !r.digest.add(done) {
		r.block = r.block[:before]
		r.stop("there was an order that cannot be digested")
		return
	}
	r.block = binary.LittleEndian.AppendUint16(r.block, uint16(r.digest.sum))
	r.size += int64(len(r.block) - before)
	if r.limit > 0 && r.size > r.limit || len(r.block) > maxBlock {
		r.block = r.block[:before]
		r.stop(fmt.Sprintf("the log reached its limit of %d bytes after %d steps", r.limit, r.steps))
		return
	}
	r.last = now
	r.steps++
	if len(r.block) >= blockSize {
		r.close()
	}
}

// put writes an event: its tag, the time since the last one, its fields.
func (r *Recorder) put(now sched.Time, ev sched.Event) ([]byte, bool) {
	v := reflect.Indirect(reflect.ValueOf(ev))
	if !v.IsValid() {
		return r.block, false
	}
	tag, ok := events.tags[v.Type()]
	if !ok {
		return r.block, false
	}
	block := append(r.block, byte(firstEvent+tag))
	block = binary.AppendVarint(block, int64(now-r.last))
	return events.shapes[tag].put(block, v), true
}

func (r *Recorder) stop(why string) {
	r.stopped = why
	r.block = textShape.put(append(r.block, stopTag), reflect.ValueOf(why))
	r.seal()
}

// Stopped says why nothing more is recorded; it is empty as long as something is.
func (r *Recorder) Stopped() string { return r.stopped }

// close ends the open block with the digest.
func (r *Recorder) close() {
	r.block = binary.LittleEndian.AppendUint64(append(r.block, digestTag), r.digest.sum)
	r.size += 9 + 12
	r.seal()
}

// seal puts the open block into what Take gives.
func (r *Recorder) seal() {
	r.out = binary.AppendUvarint(r.out, uint64(len(r.block)))
	r.out = append(r.out, r.block...)
	r.out = binary.LittleEndian.AppendUint32(r.out, crc32.Checksum(r.block, castagnoli))
	r.block = r.block[:0]
}

// Cut ends the open block, so that Take gives everything up to now: call it from time to time in case the process is killed.
func (r *Recorder) Cut() {
	if len(r.block) > 0 {
		r.close()
	}
}

// Take gives the bytes to append to the file: the whole blocks since the last Take; with end, also the open one, which ends the log.
// They are valid until the next call.
func (r *Recorder) Take(end bool) []byte {
	if end && !r.ended && r.stopped == "" {
		r.block = append(r.block, endTag)
		r.close()
	}
	r.ended = r.ended || end
	out := r.out
	r.out = r.out[len(r.out):]
	if cap(r.out) < blockSize {
		r.out = nil
	}
	return out
}
