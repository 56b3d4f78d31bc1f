package codec

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"
	"unsafe"
)

func FuzzDecode(f *testing.F) {
	seed := func(b []byte, err error) {
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(1))
	}
	seed(EncodeValue(order{ID: 1, Lines: []line{{SKU: "s"}}, Tags: map[string][]int32{"a": {1}}}))
	seed(EncodeValue(tree{"a", []tree{{}}, &tree{Name: "b"}}))
	seed(EncodeValue(goldenRows()))
	seed(EncodeValue([][]string{{"a"}, nil, {}}))
	seed(EncodeValue(make([]int64, 1000)))
	seed(EncodeValue(map[[2]int8]heavy{{1, 2}: {N: 3}}))
	seed(EncodeValue([]struct{}{{}, {}}))
	f.Fuzz(func(t *testing.T, src []byte, n uint16) {
		decodeRows[order](src, n)
		decodeRows[tree](src, n)
		decodeRows[node](src, n)
		decodeRows[golden](src, n)
		decodeRows[[]golden](src, n)
		decodeRows[[][]string](src, n)
		decodeRows[[]int64](src, n)
		decodeRows[map[[2]int8]heavy](src, n)
		decodeRows[[]struct{}](src, n)
		decodeRows[time.Time](src, n)
	})
}

// decodeRows decodes n rows, and demands that what can be decoded can be encoded.
func decodeRows[T any](src []byte, n uint16) {
	c, err := For[T]()
	if err != nil {
		panic(err)
	}
	rows := make([]T, n%64)
	base := unsafe.Pointer(unsafe.SliceData(rows))
	if c.Decode(nil, src, base, len(rows)) != nil {
		return
	}
	if _, err := c.Append(nil, base, len(rows)); err != nil {
		panic(err)
	}
	var a Arena
	c.Detach(base, len(rows), &a)
	c.Footprint(base, len(rows))
}

// Blocks with a damaged checksum are refused at once; so the fuzzer's are given a good one, to get further.
func FuzzNext(f *testing.F) {
	c, _ := For[line]()
	rows := []line{{SKU: strings.Repeat("words ", 100)}}
	for comp := None; comp <= LZ4; comp++ {
		b, _ := AppendRows(NewEncoder(c, comp), nil, rows)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		_, _, _ = NextRows[line](NewDecoder(c), src, nil)
		_, _ = ReadBlock(bufio.NewReader(bytes.NewReader(src)), nil)
		if len(src) < headSize || binary.LittleEndian.Uint32(src[8:]) > 1<<24 {
			return // a good checksum vouches for the size, which may be large
		}
		src = bytes.Clone(src)
		binary.LittleEndian.PutUint16(src, blockMagic)
		src[2], src[3] = version, src[3]&3
		binary.LittleEndian.PutUint32(src[12:], uint32(len(src)-headSize))
		binary.LittleEndian.PutUint32(src[16:], c.fingerprint)
		binary.LittleEndian.PutUint32(src[20:], 0)
		binary.LittleEndian.PutUint32(src[24:], checksum(src[:24], src[headSize:]))
		_, _, _ = NextRows[line](NewDecoder(c), src, nil)
	})
}
