package op

import (
	"math/bits"
	"reflect"
	"unsafe"

	"github.com/kilnproject/kiln/internal/data/codec"
	"github.com/kilnproject/kiln/internal/data/key"
)

// table is an open-addressing hash table that numbers distinct keys in the order of their arrival: each key has a slot, from zero
// upwards without gaps, and callers keep what belongs to a key in columns of their own, indexed by slot. It works on batches: all
// hashes first, then all probes, so that the cache misses of a batch overlap.
//
// Its code is generic over the key only, and finds keys inside rows by their distance (stride): a row type costs no new instance.
type table[K comparable] struct {
	key   *key.Key
	codec *codec.Codec
	bits  bool // == is the equality of keys; else == says yes rightly but misses NaN
	flat  bool // keys refer to nothing outside of themselves

	keys   []K
	hashes []uint64
	// index holds, for each key, some bits of its hash (the tag) above its slot plus one; zero is an empty place. Four bytes for
	// each place keep more of it in the processor's caches than eight would.
	// Invariant: len(index) is a power of two, half of it or more is empty.
	index []uint32
	shift uint8 // a hash's place is its scrambled top bits: hash * scramble >> shift

	arena      codec.Arena
	arenaBytes int64
}

// scramble spreads a hash over all upper bits: reduce partitions have already taken keys apart by some bits of the hash.
const scramble = 0x9E3779B97F4A7C15

const (
	firstKeys = 512 // room of a new table
	slotBits  = 24
	slotMask  = 1<<slotBits - 1
	mostKeys  = slotMask // a larger table is split, as one is for which there is no memory
)

func newTable[K comparable]() (*table[K], error) {
	k, err := key.Of(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	c, err := codec.For[K]()
	if err != nil {
		return nil, err
	}
	return &table[K]{key: k, codec: c, bits: k.Bits(), flat: c.Flat()}, nil
}

// hash fills buf with the hashes of n keys that lie stride bytes apart.
func (t *table[K]) hash(base unsafe.Pointer, n int, stride uintptr, buf []uint64) []uint64 {
	buf = room(buf, n)
	t.key.Hash(base, n, int(stride), buf)
	return buf
}

// grown is the room for keys that n more keys call for, and what the table then weighs: never, when slots end.
func (t *table[K]) grown(n int) (keys int, weight int64) {
	keys = cap(t.keys)
	if len(t.keys)+n > keys {
		keys = max(firstKeys, 2*keys)
		for keys < len(t.keys)+n {
			keys *= 2
		}
	}
	if keys > mostKeys {
		return keys, never
	}
	perKey := int64(unsafe.Sizeof(*new(K))) + 8
	return keys, int64(keys)*perKey + int64(keys)*8 + t.arenaBytes
}

// grow makes room for keys keys; grown said how many.
func (t *table[K]) grow(keys int) {
	if keys <= cap(t.keys) {
		return
	}
	t.keys = append(make([]K, 0, keys), t.keys...)
	t.hashes = append(make([]uint64, 0, keys), t.hashes...)
	t.index = make([]uint32, keys*2)
	t.shift = uint8(64 - bits.TrailingZeros(uint(len(t.index))))
	reindex(t.index, t.shift, t.hashes)
}

// reindex enters the hashes of distinct keys into an empty index.
func reindex(index []uint32, shift uint8, hashes []uint64) {
	mask := uint64(len(index) - 1)
	for slot, h := range hashes {
		at := h * scramble >> shift
		for index[at&mask] != 0 {
			at++
		}
		index[at&mask] = entry(h, slot)
	}
}

// entry is what the index holds for the key with hash h in slot.
func entry(h uint64, slot int) uint32 { return uint32(h)&^slotMask | uint32(slot+1) }

// candidates looks up where each key's search begins. It does nothing else, so that the processor waits for many of these places
// at once; most searches end there.
func candidates(index []uint32, shift uint8, hashes []uint64, out []int32) {
	mask := uint64(len(index) - 1)
	out = out[:len(hashes)]
	for i, h := range hashes {
		out[i] = int32(index[h*scramble>>shift&mask])
	}
}

// find gives every key of a batch its slot; keys that are new get the next ones and are owned by the table. Room must have been
// made for a batch of new keys.
func (t *table[K]) find(base unsafe.Pointer, stride uintptr, hashes []uint64, slots []int32) {
	first := len(t.keys)
	slots = slots[:len(hashes)]
	candidates(t.index, t.shift, hashes, slots)
	keys := t.keys
	for i, h := range hashes {
		k := (*K)(unsafe.Add(base, uintptr(i)*stride))
		e := uint32(slots[i])
		if (e^uint32(h))>>slotBits == 0 && e&slotMask != 0 && keys[e&slotMask-1] == *k {
			slots[i] = int32(e&slotMask - 1)
			continue
		}
		slot, at := t.search(k, h)
		if slot < 0 {
			slot = len(keys)
			t.keys = append(t.keys, *k)
			t.hashes = append(t.hashes, h)
			t.index[at] = entry(h, slot)
			keys = t.keys
		}
		slots[i] = int32(slot)
	}
	if len(keys) > first && !t.flat {
		t.own(first)
	}
}

// search gives the slot of a key, or -1 and the place in the index where it would be.
func (t *table[K]) search(k *K, h uint64) (slot int, at uint64) {
	mask := uint64(len(t.index) - 1)
	for at = h * scramble >> t.shift & mask; t.index[at] != 0; at = (at + 1) & mask {
		e := t.index[at]
		if (e^uint32(h))>>slotBits != 0 {
			continue
		}
		own := &t.keys[e&slotMask-1]
		if *own == *k || !t.bits && t.key.Equal(unsafe.Pointer(own), unsafe.Pointer(k)) {
			return int(e&slotMask - 1), at
		}
	}
	return -1, at
}

// own makes the keys from slot first onwards independent of the rows that brought them.
func (t *table[K]) own(first int) {
	base, n := unsafe.Pointer(&t.keys[first]), len(t.keys)-first
	t.arenaBytes += t.codec.Footprint(base, n)
	t.codec.Detach(base, n, &t.arena)
}

// lookup gives every key of a batch its slot, or -1 when the table does not have it.
func (t *table[K]) lookup(base unsafe.Pointer, stride uintptr, hashes []uint64, slots []int32) {
	slots = slots[:len(hashes)]
	if len(t.keys) == 0 {
		for i := range slots {
			slots[i] = -1
		}
		return
	}
	candidates(t.index, t.shift, hashes, slots)
	keys := t.keys
	for i, h := range hashes {
		k := (*K)(unsafe.Add(base, uintptr(i)*stride))
		e := uint32(slots[i])
		switch {
		case e == 0:
			slots[i] = -1
		case (e^uint32(h))>>slotBits == 0 && keys[e&slotMask-1] == *k:
			slots[i] = int32(e&slotMask - 1)
		default:
			slot, _ := t.search(k, h)
			slots[i] = int32(slot)
		}
	}
}

// clear forgets the keys and keeps the room.
func (t *table[K]) clear() {
	clear(t.keys)
	clear(t.index)
	t.keys, t.hashes = t.keys[:0], t.hashes[:0]
	t.arena, t.arenaBytes = codec.Arena{}, 0
}

// drop forgets the keys and the room.
func (t *table[K]) drop() {
	t.keys, t.hashes, t.index = nil, nil, nil
	t.arena, t.arenaBytes = codec.Arena{}, 0
}
