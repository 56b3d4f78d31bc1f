package codec

import (
	"encoding/binary"
	"time"
	"unsafe"
)

// times encodes instants with their zones: seconds, nanoseconds and the number of the zone, a column each, and then the zones that
// occur, each by its distance from UTC and its name. Zone 0 is UTC. What MarshalBinary of time.Time drops is dropped too: the
// monotonic reading, and what the location says of other instants. A zone that agrees with the machine's own becomes Local.
type times struct{}

// zone is a place's clock at one instant.
type zone struct {
	name   string
	offset int // seconds east of UTC
}

const maxOffset = 1 << 31 // seconds, of what is taken for a zone

func (times) traits() traits                                           { return traits{} }
func (times) least(n uint64) uint64                                    { return 3*leastOfNumbers(n) + 1 }
func (times) detach(*owning, unsafe.Pointer, int, uintptr)             {}
func (times) footprint(*guard, unsafe.Pointer, int, uintptr) (_ int64) { return 0 }

func (times) append(e *appending, dst []byte, base unsafe.Pointer, n int, stride uintptr) ([]byte, error) {
	lent := e.numbers(3 * n)
	defer e.giveBack(lent)
	seconds, nanos, which := lent[:n], lent[n:2*n], lent[2*n:]
	var zones []zone
	for i := range n {
		t := (*time.Time)(unsafe.Add(base, uintptr(i)*stride))
		seconds[i], nanos[i], which[i] = uint64(t.Unix()), uint64(t.Nanosecond()), 0
		if t.Location() != time.UTC {
			which[i], zones = numberOf(zones, t)
		}
	}
	dst, _ = integers[int64]{}.append(e, dst, unsafe.Pointer(unsafe.SliceData(seconds)), n, 8)
	dst = appendLengths(dst, nanos)
	dst = appendLengths(dst, which)
	dst = binary.AppendUvarint(dst, uint64(len(zones)))
	for _, z := range zones {
		dst = binary.AppendVarint(dst, int64(z.offset))
		dst = binary.AppendUvarint(dst, uint64(len(z.name)))
		dst = append(dst, z.name...)
	}
	return dst, nil
}

// numberOf gives the number of a time's zone, which it adds to the zones if it is new. There are few, and neighbours share them.
func numberOf(zones []zone, t *time.Time) (uint64, []zone) {
	name, offset := t.Zone()
	for i := len(zones) - 1; i >= 0; i-- {
		if zones[i].offset == offset && zones[i].name == name {
			return uint64(i) + 1, zones
		}
	}
	return uint64(len(zones)) + 1, append(zones, zone{name, offset})
}

func (times) decode(d *decoding, base unsafe.Pointer, n int, stride uintptr) {
	lent := d.numbers(3 * n)
	seconds, nanos, which := lent[:n], lent[n:2*n], lent[2*n:]
	integers[int64]{}.decode(d, unsafe.Pointer(unsafe.SliceData(seconds)), n, 8)
	integers[uint64]{}.decode(d, unsafe.Pointer(unsafe.SliceData(nanos)), n, 8)
	integers[uint64]{}.decode(d, unsafe.Pointer(unsafe.SliceData(which)), n, 8)
	zones := d.zones()
	if d.err != nil {
		return
	}
	fixed := make([]*time.Location, len(zones))
	for i := range n {
		if nanos[i] >= 1e9 || which[i] > uint64(len(zones)) {
			d.fail("no time has %d nanoseconds in zone %d", nanos[i], which[i])
			return
		}
		t := time.Unix(int64(seconds[i]), int64(nanos[i]))
		if k := which[i]; k == 0 {
			t = t.UTC()
		} else if name, offset := t.Zone(); zones[k-1] != (zone{name, offset}) {
			if fixed[k-1] == nil {
				fixed[k-1] = time.FixedZone(zones[k-1].name, zones[k-1].offset)
			}
			t = t.In(fixed[k-1])
		}
		*(*time.Time)(unsafe.Add(base, uintptr(i)*stride)) = t
	}
	d.giveBack(lent)
}

// zones reads the zones that occur.
func (d *decoding) zones() []zone {
	count := d.uvarint()
	if 2*count > uint64(len(d.src)) {
		d.fail("%d zones in %d bytes", count, len(d.src))
	}
	var zones []zone
	for range count {
		offset := unzigzag(d.uvarint())
		name := string(d.take(d.uvarint()))
		if offset <= -maxOffset || offset >= maxOffset {
			d.fail("a zone %d seconds from UTC", offset)
		}
		if d.err != nil {
			return nil
		}
		zones = append(zones, zone{name, int(offset)})
	}
	return zones
}

func (d *decoding) uvarint() uint64 {
	v, w := binary.Uvarint(d.src)
	if w <= 0 {
		d.fail("a number is cut short")
		return 0
	}
	d.src = d.src[w:]
	return v
}
