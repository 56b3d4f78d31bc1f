package speculate

// The attempts that may be candidates stand in line by their start, so that a check ends at the first one that is too young.

// list puts an attempt in line, after all that are older.
func (s *Set) list(a *attempt) {
	older := s.newest
	for older != nil && older.started > a.started {
		older = older.older
	}
	a.listed, a.older = true, older
	if older != nil {
		a.newer, older.newer = older.newer, a
	} else {
		a.newer, s.oldest = s.oldest, a
	}
	if a.newer != nil {
		a.newer.older = a
	} else {
		s.newest = a
	}
	if a.dies {
		s.doomed++
	}
}

// unlist takes an attempt out of line.
func (s *Set) unlist(a *attempt) {
	if !a.listed {
		return
	}
	if a.dies {
		s.doomed--
	}
	if a.older != nil {
		a.older.newer = a.newer
	} else {
		s.oldest = a.newer
	}
	if a.newer != nil {
		a.newer.older = a.older
	} else {
		s.newest = a.older
	}
	a.listed, a.older, a.newer = false, nil, nil
}
