package codec

import "unsafe"

// Arena is memory for the bytes of many strings: it is carved from chunks, so that detaching costs no allocation per string. The
// zero value is ready. It is not safe for concurrent use.
type Arena struct{ free []byte }

const (
	arenaFirst = 1 << 10
	arenaChunk = 64 << 10
	arenaAlone = 8 << 10 // what is larger gets memory of its own
)

func (a *Arena) bytes(b []byte) []byte {
	if len(b) > arenaAlone {
		return append([]byte(nil), b...)
	}
	if len(b) > len(a.free) {
		size := arenaChunk
		if a.free == nil {
			size = max(arenaFirst, 2*len(b)) // few strings take little
		}
		a.free = make([]byte, size)
	}
	own := a.free[:len(b):len(b)]
	a.free = a.free[len(b):]
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
