package codec

import "unsafe"

// Arena is memory for many small values that hold no pointers: it is carved from chunks, so that detaching costs no allocation per
// string. The zero value is ready. It is not safe for concurrent use.
type Arena struct{ free []byte }

const (
	arenaFirst = 1 << 10
	arenaChunk = 64 << 10
	arenaAlone = 8 << 10 // what is larger gets memory of its own
)

// room gives n bytes that nobody else uses; with align of 8 they can hold every type without pointers.
func (a *Arena) room(n, align int) []byte {
	if n > arenaAlone {
		return make([]byte, n) // of a size that Go aligns for every type
	}
	skip := len(a.free) & (align - 1) // chunks end at a multiple of 8
	if n+skip > len(a.free) {
		size := arenaChunk
		if a.free == nil {
			size = max(arenaFirst, (2*n+7)&^7) // few strings take little
		}
		a.free, skip = make([]byte, size), 0
	}
	own := a.free[skip : skip+n : skip+n]
	a.free = a.free[skip+n:]
	return own
}

// bytes gives a copy of b, which is never nil.
func (a *Arena) bytes(b []byte) []byte {
	if len(b) == 0 {
		return []byte{}
	}
	if len(b) > arenaAlone {
		return append([]byte(nil), b...) // not cleared first
	}
	own := a.room(len(b), 1)
	copy(own, b)
	return own
}

func (a *Arena) str(s string) string {
	if s == "" {
		return ""
	}
	b := a.bytes(unsafe.Slice(unsafe.StringData(s), len(s)))
	return unsafe.String(unsafe.SliceData(b), len(b))
}
