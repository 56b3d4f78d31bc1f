package sched

import "math/bits"

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) has(i int) bool { return i/64 < len(b) && b[i/64]&(1<<(i%64)) != 0 }

// add puts i in, making room for it, and says whether it is new.
func (b *bitset) add(i int) bool {
	for i/64 >= len(*b) {
		*b = append(*b, 0)
	}
	if b.has(i) {
		return false
	}
	(*b)[i/64] |= 1 << (i % 64)
	return true
}

// addAll puts the members of another one in.
func (b *bitset) addAll(o bitset) {
	for len(*b) < len(o) {
		*b = append(*b, 0)
	}
	for at, w := range o {
		(*b)[at] |= w
	}
}

func (b bitset) none() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

// all gives the members in ascending order.
func (b bitset) all(yield func(int) bool) {
	for at, w := range b {
		for ; w != 0; w &= w - 1 {
			if !yield(at*64 + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}
