package op

import "unsafe"

// mover copies single rows of a layout.
type mover struct {
	// one copies one row.
	one func(dst, src unsafe.Pointer)
	// move copies n rows: row from[i] of src to place to[i] of dst, or i where the list is nil. Strides are bytes between rows.
	move func(dst unsafe.Pointer, dstStride uintptr, to []int32, src unsafe.Pointer, srcStride uintptr, from []int32, n int)
	// pick copies the rows that ranks name from pieces, side by side.
	pick func(dst unsafe.Pointer, from []rowBuffer, ranks []ranked)
}

// moverAs moves rows as values of R, a type of the same size with pointers in the same words.
func moverAs[R any]() mover { return mover{one: oneAs[R], move: moveAs[R], pick: pickAs[R]} }

func oneAs[R any](dst, src unsafe.Pointer) { *(*R)(dst) = *(*R)(src) }

func moveAs[R any](dst unsafe.Pointer, dstStride uintptr, to []int32, src unsafe.Pointer, srcStride uintptr, from []int32, n int) {
	for i := range n {
		d, s := i, i
		if to != nil {
			d = int(to[i])
		}
		if from != nil {
			s = int(from[i])
		}
		*(*R)(unsafe.Add(dst, uintptr(d)*dstStride)) = *(*R)(unsafe.Add(src, uintptr(s)*srcStride))
	}
}

func pickAs[R any](dst unsafe.Pointer, from []rowBuffer, ranks []ranked) {
	out := unsafe.Slice((*R)(dst), len(ranks))
	for i, r := range ranks {
		out[i] = *(*R)(unsafe.Add(from[r.row>>pieceBits].base, uintptr(r.row&(pieceRows-1))*unsafe.Sizeof(out[0])))
	}
}

// The shapes that most rows have. Their names give the words of a type: p is a pointer, s is not.
var shapes = map[string]mover{
	"":      moverAs[struct{}](),
	"s":     moverAs[uint64](),
	"ss":    moverAs[[2]uint64](),
	"sss":   moverAs[[3]uint64](),
	"ssss":  moverAs[[4]uint64](),
	"p":     moverAs[unsafe.Pointer](),
	"sp":    moverAs[shapeSP](),
	"ps":    moverAs[string](),
	"pss":   moverAs[[]byte](),
	"psss":  moverAs[shapePSSS](),
	"sps":   moverAs[shapeSPS](),
	"spss":  moverAs[shapeSPSS](),
	"psps":  moverAs[[2]string](),
	"pspss": moverAs[shapePSPSS](),
}

// Types for shapes that no predeclared type has.
type (
	shapeSP struct {
		S uint64
		P unsafe.Pointer
	}
	shapePSSS struct {
		P string
		S [2]uint64
	}
	shapeSPS struct {
		S uint64
		P string
	}
	shapeSPSS struct {
		S uint64
		P []byte
	}
	shapePSPSS struct {
		P string
		Q []byte
	}
)

func moverFor(l *layout, words []bool) mover {
	if words == nil {
		switch l.size {
		case 1:
			return moverAs[uint8]()
		case 2:
			return moverAs[uint16]()
		case 4:
			return moverAs[uint32]()
		}
	}
	if l.pointers || words != nil && len(words) <= 4 {
		name := make([]byte, len(words))
		for i, pointer := range words {
			name[i] = 's'
			if pointer {
				name[i] = 'p'
			}
		}
		if m, ok := shapes[string(name)]; ok {
			return m
		}
	}
	one := func(dst, src unsafe.Pointer) {
		copy(unsafe.Slice((*byte)(dst), l.size), unsafe.Slice((*byte)(src), l.size))
	}
	if l.pointers {
		one = func(dst, src unsafe.Pointer) { copyWords(dst, src, words) }
	}
	return slowMover(l.size, one)
}

// slowMover moves rows of any shape by copies of one.
func slowMover(size uintptr, one func(dst, src unsafe.Pointer)) mover {
	return mover{
		one: one,
		move: func(dst unsafe.Pointer, dstStride uintptr, to []int32, src unsafe.Pointer, srcStride uintptr, from []int32, n int) {
			for i := range n {
				d, s := i, i
				if to != nil {
					d = int(to[i])
				}
				if from != nil {
					s = int(from[i])
				}
				one(unsafe.Add(dst, uintptr(d)*dstStride), unsafe.Add(src, uintptr(s)*srcStride))
			}
		},
		pick: func(dst unsafe.Pointer, from []rowBuffer, ranks []ranked) {
			for i, r := range ranks {
				one(unsafe.Add(dst, uintptr(i)*size), from[r.row>>pieceBits].at(int(r.row&(pieceRows-1))))
			}
		},
	}
}

// copyWords copies a row word by word: pointers as pointers, which is what tells the collector of them.
func copyWords(dst, src unsafe.Pointer, words []bool) {
	for i, pointer := range words {
		at := uintptr(i) * unsafe.Sizeof(uintptr(0))
		if pointer {
			*(*unsafe.Pointer)(unsafe.Add(dst, at)) = *(*unsafe.Pointer)(unsafe.Add(src, at))
		} else {
			*(*uintptr)(unsafe.Add(dst, at)) = *(*uintptr)(unsafe.Add(src, at))
		}
	}
}
