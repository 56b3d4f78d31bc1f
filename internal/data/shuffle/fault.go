package shuffle

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// The switches by which tests harm a store. They may run beside readers and writers.

// LoseAll forgets every map output, as if its files were gone, and gives their number.
func (st *Store) LoseAll() (lost int) {
	for shuffle, outputs := range st.snapshot() {
		for _, out := range outputs {
			if out != nil {
				lost++
			}
		}
		// A file that will not go is not worth failing for: the directory goes with the store.
		_ = st.RemoveShuffle(shuffle)
	}
	return lost
}

// CorruptSome flips one bit in each of up to most map outputs that are not empty, and gives their number.
func (st *Store) CorruptSome(most int) (harmed int, err error) {
	all := st.snapshot()
	for _, shuffle := range slices.Sorted(maps.Keys(all)) {
		for m, out := range all[shuffle] {
			if harmed == most {
				return harmed, err
			}
			done, e := st.corruptOutput(shuffle, m, out)
			if done {
				harmed++
			}
			err = errors.Join(err, e)
		}
	}
	return harmed, err
}

// corruptOutput damages the first segment of an output that is not empty. It reports false where there is none, or none any more.
func (st *Store) corruptOutput(shuffle ids.ShuffleID, mapPartition int, out *output) (harmed bool, err error) {
	if out == nil {
		return false, nil
	}
	sizes, err := st.sizes(out)
	for reduce, size := range sizes {
		if size > 0 {
			err = st.Corrupt(shuffle, mapPartition, reduce)
			harmed = err == nil
			break
		}
	}
	var gone *MissingError
	if errors.As(err, &gone) || errors.Is(err, os.ErrNotExist) {
		err = nil // dropped meanwhile
	}
	return harmed, err
}

// snapshot gives the outputs that are there now.
func (st *Store) snapshot() map[ids.ShuffleID][]*output {
	st.mu.RLock()
	defer st.mu.RUnlock()
	all := make(map[ids.ShuffleID][]*output, len(st.shuffles))
	for shuffle, outputs := range st.shuffles {
		all[shuffle] = append([]*output(nil), outputs...)
	}
	return all
}

// Corrupt flips one bit in the middle of a stored segment.
func (st *Store) Corrupt(shuffle ids.ShuffleID, mapPartition, reduce int) error {
	seg, err := st.OpenSegment(shuffle, mapPartition, reduce)
	if err != nil {
		return err
	}
	defer seg.Close()
	if seg.Size == 0 {
		return fmt.Errorf("%v is empty", ids.Shuffle(shuffle, mapPartition, reduce))
	}
	if seg.File == nil {
		return st.corruptMemory(shuffle, mapPartition, reduce)
	}
	f, err := os.OpenFile(seg.File.Name(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], seg.Offset+seg.Size/2); err != nil {
		return err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b[:], seg.Offset+seg.Size/2)
	return err
}

// corruptMemory puts a damaged copy in the place of an output: who reads it now has verified what it reads.
func (st *Store) corruptMemory(shuffle ids.ShuffleID, mapPartition, reduce int) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	old := st.at(shuffle, mapPartition)
	if old == nil || old.file != "" {
		return &MissingError{Shuffle: shuffle, Map: mapPartition}
	}
	data := bytes.Clone(old.data)
	data[(old.starts[reduce]+old.starts[reduce+1])/2] ^= 1
	st.shuffles[shuffle][mapPartition] = &output{reduces: old.reduces, digest: old.digest, generation: old.generation, data: data, starts: old.starts}
	return nil
}
