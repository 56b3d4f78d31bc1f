package shuffle

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
)

// TestTheBytesAreThoseOfThePage pins docs/format-shuffle.md.
func TestTheBytesAreThoseOfThePage(t *testing.T) {
	st := newStore(t, Config{})
	write(t, st, 1, 0, 3, nil, entry{2, "zz"}, entry{0, "a"}, entry{2, ""})
	got := hex.EncodeToString(st.shuffles[1][0].data) + " " + hex.EncodeToString(appendTail(nil, []int64{0, 9, 9, 23}))
	want := strings.ReplaceAll(`01000000 61 f809ceee`, " ", "") + strings.ReplaceAll(`02000000 7a7a 00000000 b7de7596`, " ", "") + " " +
		strings.ReplaceAll(`0000000000000000 0900000000000000 0900000000000000 1700000000000000 1700000000000000 03000000 1a091473 4b696c6e53686631`, " ", "")
	if got != want {
		t.Fatalf("\n got %s\nwant %s", got, want)
	}
}

func FuzzSegment(f *testing.F) {
	seal := func(body string) []byte {
		return binary.LittleEndian.AppendUint32([]byte(body), crc32.Checksum([]byte(body), castagnoli))
	}
	f.Add(seal("\x01\x00\x00\x00a\x00\x00\x00\x00"))
	f.Add(seal("\xff\xff\xff\xffa"))
	f.Add(seal("\x01\x00"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, segment []byte) {
		if verify(segment) != nil {
			segment = seal(string(segment))
		}
		body := segment[:len(segment)-trailerBytes]
		used := 0
		for rest := body; len(rest) > 0; {
			block, next, err := nextBlock(rest)
			if err != nil {
				if !errors.Is(err, ErrCorrupt) {
					t.Fatal(err)
				}
				return
			}
			used += prefixBytes + len(block)
			rest = next
		}
		if used != len(body) {
			t.Fatalf("%d of %d bytes", used, len(body))
		}
	})
}

func FuzzTail(f *testing.F) {
	f.Add(appendTail(nil, []int64{0, 5, 5, 20}), 3, int64(20))
	f.Add(appendTail(nil, []int64{0, 7}), 1, int64(7))
	f.Add([]byte{}, 0, int64(0))
	f.Fuzz(func(t *testing.T, tail []byte, reduces int, dataBytes int64) {
		if reduces < 0 || reduces > 1000 {
			return
		}
		offsets, err := parseTail(tail, reduces, dataBytes)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if !slices.Equal(appendTail(nil, offsets), tail) {
			t.Fatalf("%x was read as %v", tail, offsets)
		}
	})
}
