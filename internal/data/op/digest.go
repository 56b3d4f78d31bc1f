package op

import (
	"math/bits"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
)

// digest tells the rows that come to a map output from other ones, whatever their order: it is the sum of a hash of each. It is taken
// of the rows that come, not of those that are written: combining writes a key once or several times as memory allows, and the
// sum of floats depends on their order, and neither makes anything of it wrong.
type digest struct {
	codec *codec.Codec // of what is mixed; nil when no digest is wanted
	at    uintptr      // where that is in a row
	size  uintptr      // of a row
	hash  []uint64     // of each row of a batch
	sum   uint64
	rows  uint64
}

// newDigest gives the digest of rows. When keyed they begin with keys, whose hashes come with them, and only the values are mixed.
func newDigest(t *Task, rows reflect.Type, keyed bool) (digest, error) {
	if !t.Digests {
		return digest{}, nil
	}
	d, of := digest{size: rows.Size()}, rows
	if keyed {
		value := rows.Field(1)
		d.at, of = value.Offset, value.Type
	}
	var err error
	d.codec, err = codec.Of(of)
	return d, err
}

// add takes rows, with the hashes of their keys when they are keyed, and else with a number for each that is a part of it, or nil.
func (d *digest) add(rows unsafe.Pointer, n int, hashes []uint64, numbers []int32) error {
	if d.codec == nil || n == 0 {
		return nil
	}
	d.hash = room(d.hash, n)
	switch {
	case hashes != nil:
		copy(d.hash, hashes[:n])
	case numbers != nil:
		for i, v := range numbers[:n] {
			d.hash[i] = spread(uint64(v))
		}
	default:
		clear(d.hash)
	}
	if err := d.codec.Mix(unsafe.Add(rows, d.at), n, d.size, d.hash); err != nil {
		return err
	}
	sum := d.sum
	for _, h := range d.hash {
		// The hash of one number is nearly a multiple of it, and the sum of such hashes would be that of the sum of the numbers.
		h = (h ^ h>>32) * scramble
		sum += h ^ h>>29
	}
	d.sum = sum
	d.rows += uint64(n)
	return nil
}

// value is never 0, which stands for no digest, when one is wanted.
func (d *digest) value() uint64 {
	if d.codec == nil {
		return 0
	}
	return max(spread(d.sum^spread(d.rows)), 1)
}

func spread(v uint64) uint64 {
	high, low := bits.Mul64(v^scramble, scramble)
	return high ^ low
}
