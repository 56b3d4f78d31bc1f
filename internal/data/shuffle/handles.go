package shuffle

import (
	"slices"
	"sync"

	"github.com/kilnproject/kiln/internal/data/block/disk"
)

// handles keeps the data files that were opened last open, so that the readers of many small segments do not open one file
// again and again. What is open is bounded by limit and by the number of readers.
type handles struct {
	limit int
	mu    sync.Mutex
	kept  []*handle // in order of opening
}

// handle is an open data file. It is closed when nobody uses it and it is no longer kept.
type handle struct {
	file *disk.Reader
	out  *output
	refs int
	kept bool
}

// acquire gives out's open file until release.
func (hs *handles) acquire(dir *disk.Dir, out *output) (*handle, error) {
	if h := hs.known(out); h != nil {
		return h, nil
	}
	file, err := dir.Open(out.file)
	if err != nil {
		return nil, err
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if out.handle != nil { // another reader was faster
		file.Close()
		out.handle.refs++
		return out.handle, nil
	}
	if out.gone {
		return &handle{file: file, out: out, refs: 1}, nil
	}
	if len(hs.kept) >= hs.limit {
		hs.unkeep(0)
	}
	h := &handle{file: file, out: out, refs: 1, kept: true}
	out.handle = h
	hs.kept = append(hs.kept, h)
	return h, nil
}

func (hs *handles) known(out *output) *handle {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if out.handle != nil {
		out.handle.refs++
	}
	return out.handle
}

func (hs *handles) release(h *handle) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h.refs--
	h.closeIfUnused()
}

// drop closes out's file with its last reader, now and for readers that found out before it left the table.
func (hs *handles) drop(out *output) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	out.gone = true
	if out.handle != nil {
		hs.unkeep(slices.Index(hs.kept, out.handle))
	}
}

func (hs *handles) unkeep(i int) {
	h := hs.kept[i]
	hs.kept = slices.Delete(hs.kept, i, i+1)
	h.kept, h.out.handle = false, nil
	h.closeIfUnused()
}

func (h *handle) closeIfUnused() {
	if h.refs == 0 && !h.kept {
		h.file.Close()
	}
}
