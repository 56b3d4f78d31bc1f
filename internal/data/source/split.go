package source

import (
	"encoding/binary"
	"errors"
)

// Split is what one partition reads: pieces of files, in path order.
type Split struct {
	Pieces []Piece
}

// Piece is a range of one file.
type Piece struct {
	Path   string
	Offset int64
	Length int64 // in bytes of the file as it is stored, so before decompression
	Whole  bool  // the piece is all of the file
}

// Size is the stored bytes of all pieces.
func (s Split) Size() (size int64) {
	for _, p := range s.Pieces {
		size += p.Length
	}
	return size
}

const splitVersion = 1

// Append appends the encoded split: version, number of pieces, then for each how much of the path is that of the piece before,
// the rest of it, offset, and length doubled plus one if whole; all numbers as varints.
func (s Split) Append(dst []byte) []byte {
	dst = append(dst, splitVersion)
	dst = binary.AppendUvarint(dst, uint64(len(s.Pieces)))
	before := ""
	for _, p := range s.Pieces {
		same := 0
		for same < len(before) && same < len(p.Path) && before[same] == p.Path[same] {
			same++
		}
		dst = binary.AppendUvarint(dst, uint64(same))
		dst = binary.AppendUvarint(dst, uint64(len(p.Path)-same))
		dst = append(dst, p.Path[same:]...)
		dst = binary.AppendUvarint(dst, uint64(p.Offset))
		whole := uint64(0)
		if p.Whole {
			whole = 1
		}
		dst = binary.AppendUvarint(dst, uint64(p.Length)<<1|whole)
		before = p.Path
	}
	return dst
}

var errSplit = errors.New("malformed source split")

// Limits of a decoded split. maxPath is far beyond what any storage allows, and together with the rule that a piece takes
// minPiece bytes it bounds what a few hostile bytes can make us allocate.
const (
	maxPath  = 1 << 16
	minPiece = 4
)

// DecodeSplit reads what Append wrote, and nothing behind it.
func DecodeSplit(data []byte) (Split, error) {
	d := decoder{rest: data}
	if len(data) == 0 || data[0] != splitVersion {
		return Split{}, errSplit
	}
	d.rest = data[1:]
	n := d.number()
	if d.bad || n > uint64(len(d.rest)/minPiece) {
		return Split{}, errSplit
	}
	s := Split{Pieces: make([]Piece, n)}
	before, total := "", len(data)*64+maxPath
	for i := range s.Pieces {
		p := &s.Pieces[i]
		p.Path = d.path(before)
		offset, length := d.number(), d.number()
		p.Offset, p.Length, p.Whole = int64(offset), int64(length>>1), length&1 == 1
		// Shared prefixes let few bytes stand for long paths: honest splits stay far below 64 times their encoding.
		total -= len(p.Path)
		if d.bad || p.Offset < 0 || p.Offset+p.Length < 0 || p.Whole && p.Offset != 0 || total < 0 {
			return Split{}, errSplit
		}
		before = p.Path
	}
	if len(d.rest) != 0 {
		return Split{}, errSplit
	}
	return s, nil
}

// decoder reads fields from the front of rest until one is bad.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) path(before string) string {
	same, more := d.number(), d.number()
	if d.bad || same > uint64(len(before)) || more > uint64(len(d.rest)) || same+more > maxPath {
		d.bad, d.rest = true, nil
		return ""
	}
	path := before[:same] + string(d.rest[:more])
	d.rest = d.rest[more:]
	return path
}
