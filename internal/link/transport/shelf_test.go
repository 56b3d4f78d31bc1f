package transport

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// shelf is a Provider over what a test puts into it. Blocks with odd numbers lie in a file.
type shelf struct {
	blocks map[ids.BlockID]Block
	open   atomic.Int64
}

// OpenBlock implements Provider.
func (s *shelf) OpenBlock(id ids.BlockID) (Block, error) {
	b, ok := s.blocks[id]
	if !ok {
		return Block{}, fmt.Errorf("%v: %w", id, ErrNotFound)
	}
	s.open.Add(1)
	b.Release = func() { s.open.Add(-1) }
	return b, nil
}

// fill puts blocks of the given sizes on a shelf: in memory and in a file in turns, every other pair of them sealed.
func fill(t testing.TB, sizes ...int) (s *shelf, want []ids.BlockID, contents [][]byte) {
	t.Helper()
	s = &shelf{blocks: map[ids.BlockID]Block{}}
	file := must[*os.File](t)(os.Create(filepath.Join(t.TempDir(), "blocks")))
	t.Cleanup(func() { file.Close() })
	at := int64(0)
	for i, size := range sizes {
		data := random(size)
		b := Block{Data: data, Sealed: i%4 >= 2 && size >= 4}
		if b.Sealed {
			seal(data)
		}
		if i%4 == 0 {
			b.Sums = Sums(data)
		}
		if i%2 == 1 {
			if _, err := file.WriteAt(data, at); err != nil {
				t.Fatal(err)
			}
			b.Data, b.File, b.Offset, b.Size = nil, file, at, int64(size)
			at += int64(size)
		}
		id := ids.Shuffle(7, i, 3)
		s.blocks[id] = b
		want, contents = append(want, id), append(contents, data)
	}
	return s, want, contents
}

func random(n int) []byte {
	b := make([]byte, n)
	chance := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = chance.Read(b)
	return b
}

func seal(data []byte) {
	end := len(data) - 4
	binary.LittleEndian.PutUint32(data[end:], crc32.Checksum(data[:end], castagnoli))
}
