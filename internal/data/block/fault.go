package block

import (
	"errors"
	"os"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// CorruptAll flips one bit in the file of every cached partition that is on disk, and gives their number. It is a switch for tests,
// and may run beside readers.
func (s *Store) CorruptAll() (harmed int, err error) {
	s.mu.Lock()
	files := map[string]int64{}
	for id, b := range s.blocks {
		if id.Kind == ids.RDDBlock && !b.storing && b.file != "" {
			files[s.dir.Path(b.file)] = b.diskSize
		}
	}
	s.mu.Unlock()
	for path, size := range files {
		switch e := flipBit(path, size/2); {
		case e == nil:
			harmed++
		case !errors.Is(e, os.ErrNotExist): // not one that was dropped meanwhile
			err = errors.Join(err, e)
		}
	}
	return harmed, err
}

func flipBit(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		return err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b[:], at)
	return err
}
