package shuffle

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// Config of a Store. A zero number takes the default that stands beside it; a negative one means none.
type Config struct {
	Dir         string       // where its files go; the store owns it and makes it when it first needs it
	Disk        disk.Options // faults, for tests
	MemoryEach  int64        // map outputs up to this many bytes stay in memory; 256 KiB
	MemoryTotal int64        // as long as they are not more than this together; 64 MiB
	OpenFiles   int          // data files kept open for the next reader; 128
}

// Store keeps the map outputs of one executor. It is safe for concurrent use.
type Store struct {
	cfg Config
	dir *disk.Dir

	mu       sync.RWMutex
	closed   bool
	shuffles map[ids.ShuffleID][]*output // indexed by map partition; nil where there is none
	inMemory int64                       // bytes of outputs in memory, and of those that are being made
	open     handles
	copies   atomic.Int64 // begun: names their files
}

// Open gives an empty store.
func Open(cfg Config) (*Store, error) {
	if cfg.Dir == "" {
		return nil, errors.New("shuffle store: no directory for its files was given")
	}
	cfg.MemoryEach = orDefault(cfg.MemoryEach, 256<<10)
	cfg.MemoryTotal = orDefault(cfg.MemoryTotal, 64<<20)
	return &Store{
		cfg: cfg, dir: disk.Open(cfg.Dir, cfg.Disk), shuffles: map[ids.ShuffleID][]*output{},
		open: handles{limit: max(1, orDefault(cfg.OpenFiles, 128))},
	}, nil
}

func orDefault[N int | int64](n, def N) N {
	if n == 0 {
		return def
	}
	return n
}

// RemoveShuffle drops all map outputs of a shuffle. Who reads one keeps reading.
func (st *Store) RemoveShuffle(shuffle ids.ShuffleID) error {
	st.mu.Lock()
	outputs := st.shuffles[shuffle]
	delete(st.shuffles, shuffle)
	for _, out := range outputs {
		st.forget(out)
	}
	st.mu.Unlock()
	var errs []error
	for _, out := range outputs {
		if out != nil && out.file != "" {
			errs = append(errs, st.dir.Remove(out.file))
		}
	}
	return errors.Join(errs...)
}

// Close drops everything and deletes the store's files.
func (st *Store) Close() error {
	st.mu.Lock()
	st.closed = true
	for _, outputs := range st.shuffles {
		for _, out := range outputs {
			st.forget(out)
		}
	}
	clear(st.shuffles)
	st.mu.Unlock()
	return st.dir.Close()
}

// forget gives back the memory and the open file of an output that has left the table. The caller holds the lock.
func (st *Store) forget(out *output) {
	if out == nil {
		return
	}
	st.inMemory -= int64(len(out.data))
	st.open.drop(out)
}

// MissingError says that the store does not have a map output.
type MissingError struct {
	Shuffle ids.ShuffleID
	Map     int
}

// Error names the map output.
func (e *MissingError) Error() string {
	return fmt.Sprintf("the output of map partition %d of shuffle %d is not here", e.Map, e.Shuffle)
}

func (st *Store) lookup(shuffle ids.ShuffleID, mapPartition int) (*output, error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	if out := st.at(shuffle, mapPartition); out != nil {
		return out, nil
	}
	return nil, &MissingError{Shuffle: shuffle, Map: mapPartition}
}

// at gives the output or nil. The caller holds the lock.
func (st *Store) at(shuffle ids.ShuffleID, mapPartition int) *output {
	if outputs := st.shuffles[shuffle]; mapPartition >= 0 && mapPartition < len(outputs) {
		return outputs[mapPartition]
	}
	return nil
}

// register makes out visible and gives nil, or gives the output of another attempt that was there first and is whole.
func (st *Store) register(shuffle ids.ShuffleID, mapPartition int, out *output) (first *output, err error) {
	for {
		st.mu.RLock()
		old := st.at(shuffle, mapPartition)
		st.mu.RUnlock()
		if old != nil && st.stays(old, out.generation) {
			return old, nil
		}
		st.mu.Lock()
		if st.closed {
			st.mu.Unlock()
			return nil, errors.New("the shuffle store is closed")
		}
		if st.at(shuffle, mapPartition) != old {
			st.mu.Unlock()
			continue
		}
		outputs := st.shuffles[shuffle]
		for len(outputs) <= mapPartition {
			outputs = append(outputs, nil)
		}
		outputs[mapPartition] = out
		st.shuffles[shuffle] = outputs
		st.forget(old)
		st.mu.Unlock()
		if old != nil && old.file != out.file {
			st.dir.Remove(old.file) // it was damaged, or of an older generation: whatever is left of it does no harm
		}
		return nil, nil
	}
}

// stays reports whether an output may not be replaced by one of this generation.
func (st *Store) stays(old *output, generation int32) bool {
	return old.generation > generation || old.generation == generation && st.whole(old)
}

// whole reports whether an output is as it was written. It reads all of it: a task that ran before runs again most often because its
// output is damaged, and then that one must not stay.
func (st *Store) whole(out *output) bool {
	sizes, err := st.sizes(out)
	if err != nil {
		return false
	}
	if out.file != "" {
		return st.verifyOutput(out, sizes) == nil
	}
	for reduce, size := range sizes {
		if size > 0 && verify(out.data[out.starts[reduce]:out.starts[reduce+1]]) != nil {
			return false
		}
	}
	return true
}

// verifyOutput reads every segment of an output in a file.
func (st *Store) verifyOutput(out *output, sizes []int64) error {
	h, err := st.open.acquire(st.dir, out)
	if err != nil {
		return err
	}
	defer st.open.release(h)
	seg := onDisk{file: h.file}
	for _, seg.size = range sizes {
		if seg.size > 0 {
			if _, err := seg.verify(); err != nil {
				return err
			}
		}
		seg.offset += seg.size
	}
	return nil
}

// borrow takes n bytes of the memory for small outputs, if there are so many.
func (st *Store) borrow(n int64) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if n > st.cfg.MemoryEach || st.inMemory+n > st.cfg.MemoryTotal {
		return false
	}
	st.inMemory += n
	return true
}

func (st *Store) giveBack(n int64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.inMemory -= n
}
