package block

import "fmt"

// Evict makes room for execution: it takes at least n bytes of the least recently used blocks out of memory, or as many as
// nobody reads, and gives how many it freed. The blocks go to disk where their level allows.
func (s *Store) Evict(n int64) (freed int64) {
	for freed < n {
		more := s.evict(n-freed, -1, false)
		if more == 0 {
			break
		}
		freed += more
	}
	return freed
}

// evict frees n bytes, or what there is; when all is set it frees nothing unless it can free n. Blocks of the RDD keep stay.
func (s *Store) evict(n int64, keep int64, all bool) (freed int64) {
	victims := s.choose(n, keep, all)
	for _, b := range victims {
		freed += s.moveOut(b)
	}
	return freed
}

// choose pins the blocks that are to go.
func (s *Store) choose(n int64, keep int64, all bool) (victims []*block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for b := s.recent.first; b != nil && n > 0; b = b.next {
		if b.pins == 0 && (keep < 0 || rddOf(b.id) != keep) {
			victims = append(victims, b)
			n -= b.held
		}
	}
	if all && n > 0 {
		return nil
	}
	for _, b := range victims {
		b.pins++
	}
	return victims
}

// moveOut takes a block that choose pinned out of memory, and gives the bytes freed: none if a reader came meanwhile.
func (s *Store) moveOut(b *block) (freed int64) {
	var file *fileWriter
	if b.level.Disk() {
		s.mu.Lock()
		written := b.file != "" || b.removed
		s.mu.Unlock()
		if !written {
			file = s.write(b)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.pins--
	if file != nil {
		if b.removed {
			s.discardFile(file.name)
		} else {
			b.file, b.diskSize = file.name, file.size
		}
	}
	freed = b.held
	switch {
	case b.removed && b.pins == 0:
		s.forgetMemory(b)
		return freed
	case b.pins > 0:
		return 0
	}
	if b.file == "" {
		s.drop(b)
		return freed
	}
	s.recent.remove(b)
	s.forgetMemory(b)
	s.tell(b)
	return freed
}

// write puts a block from memory into a file, without the lock. When it fails, the block will have to be computed again.
func (s *Store) write(b *block) *fileWriter {
	file, err := s.newFile(b.id)
	if err == nil {
		if err = b.writeTo(file); err == nil {
			err = file.commit()
		}
		if err == nil {
			return file
		}
		file.discard()
	}
	s.cfg.Damaged(fmt.Errorf("%v could not go from memory to disk and will be computed again: %w", b.id, err))
	return nil
}
