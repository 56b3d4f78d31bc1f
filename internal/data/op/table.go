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
// hashes first, then all probes, so that the cache misses of a batch overlap. Keys are found inside rows by their distance (stride).
type table struct {
	key  *key.Key
	bits bool // == is the equality of keys; else == says yes rightly but misses NaN

	keys   rowBuffer
	hashes []uint64
	// index holds, for each key, some bits of its hash (the tag) above its slot plus one; zero is an empty place. Four bytes for
	// each place keep more of it in the processor's caches than eight would.
	// Invariant: len(index) is a power of two, half of it or more is empty.
	index []uint32
	shift uint8 // a hash's place is its scrambled top bits: hash * scramble >> shift

	arena      codec.Arena
	arenaBytes int64

	finder, looker probe // find and lookup for the type of the keys
}

// probe works on the keys of a batch: the first at base, the others stride bytes apart.
type probe func(t *table, base unsafe.Pointer, stride uintptr, hashes []uint64, slots []int32)

// scramble spreads a hash over all upper bits: reduce partitions have already taken keys apart by some bits of the hash.
const scramble = 0x9E3779B97F4A7C15

const (
	firstKeys = 512 // room of a new table
	slotBits  = 24
	slotMask  = 1<<slotBits - 1
	mostKeys  = slotMask // a larger table is split, as one is for which there is no memory
)

func newTable[K comparable]() (*table, error) {
	k, err := key.Of(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	l, err := layoutOf[K]()
	if err != nil {
		return nil, err
	}
	return &table{key: k, bits: k.Bits(), keys: rowBuffer{layout: l}, finder: findKeys[K], looker: lookupKeys[K]}, nil
}

// fresh gives an empty table for the same type of keys.
func (t *table) fresh() *table {
	return &table{key: t.key, bits: t.bits, keys: rowBuffer{layout: t.keys.layout}, finder: t.finder, looker: t.looker}
}

// hash fills buf with the hashes of n keys that lie stride bytes apart.
func (t *table) hash(base unsafe.Pointer, n int, stride uintptr, buf []uint64) []uint64 {
	buf = room(buf, n)
	t.key.Hash(base, n, int(stride), buf)
	return buf
}

// grown is the room for keys that n more keys call for, and what the table then weighs: never, when slots end.
func (t *table) grown(n int) (keys int, weight int64) {
	keys = t.keys.cap
	if t.keys.n+n > keys {
		keys = max(firstKeys, 2*keys)
		for keys < t.keys.n+n {
			keys *= 2
		}
	}
	if keys > mostKeys {
		return keys, never
	}
	return keys, t.keys.bytes(keys) + int64(keys)*(8+2*4) + t.arenaBytes
}

// grow makes room for keys keys; grown said how many.
func (t *table) grow(keys int) {
	if keys <= t.keys.cap {
		return
	}
	t.keys.reserve(keys)
	t.hashes = append(make([]uint64, 0, keys), t.hashes...)
	t.index = make([]uint32, 2*keys)
	t.shift = uint8(64 - bits.TrailingZeros(uint(len(t.index))))
	mask := uint64(len(t.index) - 1)
	for slot, h := range t.hashes {
		at := h * scramble >> t.shift
		for t.index[at&mask] != 0 {
			at++
		}
		t.index[at&mask] = entry(h, slot)
	}
}

// entry is what the index holds for the key with hash h in slot.
func entry(h uint64, slot int) uint32 { return uint32(h)&^slotMask | uint32(slot+1) }

// candidates looks up where each key's search begins. It does nothing else, so that the processor waits for many of these places
// at once; most searches end there.
func (t *table) candidates(hashes []uint64, out []int32) {
	index, shift := t.index, t.shift
	mask := uint64(len(index) - 1)
	out = out[:len(hashes)]
	for i, h := range hashes {
		out[i] = int32(index[h*scramble>>shift&mask])
	}
}

// find gives every key of a batch its slot; keys that are new get the next ones and are owned by the table. Room must have been
// made for a batch of new keys.
func (t *table) find(base unsafe.Pointer, stride uintptr, hashes []uint64, slots []int32) {
	t.finder(t, base, stride, hashes, slots)
}

// lookup gives every key of a batch its slot, or -1 when the table does not have it.
func (t *table) lookup(base unsafe.Pointer, stride uintptr, hashes []uint64, slots []int32) {
	t.looker(t, base, stride, hashes, slots)
}

// keysOf gives the table's keys, with the room for more.
func keysOf[K any](t *table) []K { return unsafe.Slice((*K)(t.keys.base), t.keys.cap) }

func findKeys[K comparable](t *table, base unsafe.Pointer, stride uintptr, hashes []uint64, slots []int32) {
	first := t.keys.n
	slots = slots[:len(hashes)]
	t.candidates(hashes, slots)
	keys := keysOf[K](t)
	for i, h := range hashes {
		k := (*K)(unsafe.Add(base, uintptr(i)*stride))
		e := uint32(slots[i])
		if (e^uint32(h))>>slotBits == 0 && e&slotMask != 0 && keys[e&slotMask-1] == *k {
			slots[i] = int32(e&slotMask - 1)
			continue
		}
		slot, at := search(t, keys, k, h)
		if slot < 0 {
			slot = t.keys.n
			keys[slot] = *k
			t.keys.n++
			t.hashes = append(t.hashes, h)
			t.index[at] = entry(h, slot)
		}
		slots[i] = int32(slot)
	}
	if t.keys.n > first && !t.keys.flat {
		t.own(first)
	}
}

// search gives the slot of a key, or -1 and the place in the index where it would be.
func search[K comparable](t *table, keys []K, k *K, h uint64) (slot int, at uint64) {
	mask := uint64(len(t.index) - 1)
	for at = h * scramble >> t.shift & mask; t.index[at] != 0; at = (at + 1) & mask {
		e := t.index[at]
		if (e^uint32(h))>>slotBits != 0 {
			continue
		}
		own := &keys[e&slotMask-1]
		if *own == *k || !t.bits && t.key.Equal(unsafe.Pointer(own), unsafe.Pointer(k)) {
			return int(e&slotMask - 1), at
		}
	}
	return -1, at
}

func lookupKeys[K comparable](t *table, base unsafe.Pointer, stride uintptr, hashes []uint64, slots []int32) {
	slots = slots[:len(hashes)]
	if t.keys.n == 0 {
		for i := range slots {
			slots[i] = -1
		}
		return
	}
	t.candidates(hashes, slots)
	keys := keysOf[K](t)
	for i, h := range hashes {
		k := (*K)(unsafe.Add(base, uintptr(i)*stride))
		e := uint32(slots[i])
		switch {
		case e == 0:
			slots[i] = -1
		case (e^uint32(h))>>slotBits == 0 && keys[e&slotMask-1] == *k:
			slots[i] = int32(e&slotMask - 1)
		default:
			slot, _ := search(t, keys, k, h)
			slots[i] = int32(slot)
		}
	}
}

// own makes the keys from slot first onwards independent of the rows that brought them.
func (t *table) own(first int) {
	base, n := t.keys.at(first), t.keys.n-first
	t.arenaBytes += t.keys.refs(base, n)
	t.keys.codec.Detach(base, n, &t.arena)
}

// clear forgets the keys and keeps the room.
func (t *table) clear() {
	t.keys.wipe()
	clear(t.index)
	t.hashes = t.hashes[:0]
	t.arena, t.arenaBytes = codec.Arena{}, 0
}

// drop forgets the keys and the room.
func (t *table) drop() {
	t.keys.free()
	t.hashes, t.index = nil, nil
	t.arena, t.arenaBytes = codec.Arena{}, 0
}
