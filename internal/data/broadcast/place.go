package broadcast

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Place is what the driver answers to an executor that asks from whom it gets a block: the content of the block ids.Place.
type Place struct {
	Addr   string   // an executor that has the block, or is about to have it; empty for the driver
	Shared bool     // others may be sent to the one that asked
	Sums   []uint32 // the checksums of the block, which say whether what others give is the block
}

const placeShared = 1 // the flag in the first byte of an encoded place

// ErrPlace is in the error about bytes that are no place.
var ErrPlace = errors.New("no place of a block")

// Append writes p behind dst: a byte of flags, the number of checksums, these, and the address. Numbers are four bytes, little endian.
func (p Place) Append(dst []byte) []byte {
	flags := byte(0)
	if p.Shared {
		flags = placeShared
	}
	dst = append(dst, flags)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Sums)))
	for _, s := range p.Sums {
		dst = binary.LittleEndian.AppendUint32(dst, s)
	}
	return append(dst, p.Addr...)
}

// ParsePlace reads what Append wrote. The error wraps ErrPlace.
func ParsePlace(data []byte) (Place, error) {
	if len(data) < 5 || data[0]&^placeShared != 0 {
		return Place{}, fmt.Errorf("%w: %d bytes of another form", ErrPlace, len(data))
	}
	p := Place{Shared: data[0]&placeShared != 0}
	n := uint64(binary.LittleEndian.Uint32(data[1:]))
	if data = data[5:]; n*4 > uint64(len(data)) {
		return Place{}, fmt.Errorf("%w: %d checksums in %d bytes", ErrPlace, n, len(data))
	}
	if n > 0 {
		p.Sums = make([]uint32, n)
	}
	for i := range p.Sums {
		p.Sums[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	p.Addr = string(data[4*n:])
	return p, nil
}
