package broadcast

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// DefaultPiece is kiln.broadcast.blockSize where nothing else is set, in bytes.
const DefaultPiece = 4 << 20

// ErrDestroyed is in the error of every use of a broadcast after its end.
var ErrDestroyed = errors.New("the broadcast was destroyed")

// DestroyedError says which broadcast was used after its end.
type DestroyedError struct {
	ID   ids.BroadcastID
	Site string // user file:line where it was made
}

// Error names the broadcast and where it was made.
func (e *DestroyedError) Error() string {
	return fmt.Sprintf("broadcast %d, made at %s, was destroyed and can not be used any more", e.ID, e.Site)
}

// Is makes errors.Is find ErrDestroyed.
func (e *DestroyedError) Is(target error) bool { return target == ErrDestroyed }

// Ref is what an executor must know to get a broadcast value.
type Ref struct {
	ID     ids.BroadcastID
	Size   int64 // bytes of the encoded value
	Pieces int32 // ceil(Size / piece size); all pieces but the last have the same length, which follows from Size and Pieces
	Site   string
}

// Store keeps the encoded broadcasts of the driver. It is safe for concurrent use.
type Store struct {
	piece     int64
	sums      func(piece []byte) []uint32
	mu        sync.RWMutex
	values    map[ids.BroadcastID]value
	destroyed map[ids.BroadcastID]string // where each was made
}

// value is one encoded broadcast.
type value struct {
	ref     Ref
	encoded []byte
	sums    [][]uint32 // of each piece
}

// NewStore gives a store that cuts values into pieces of the given number of bytes; DefaultPiece when it is not positive. Sums gives
// the checksums with which the block server sends a piece; it is called by several goroutines at once.
func NewStore(piece int64, sums func(piece []byte) []uint32) *Store {
	if piece <= 0 {
		piece = DefaultPiece
	}
	return &Store{piece: piece, sums: sums, values: map[ids.BroadcastID]value{}, destroyed: map[ids.BroadcastID]string{}}
}

// Put offers an encoded value, which nobody may change any more: it is served as it is, not copied. Site is the user's file:line.
func (s *Store) Put(id ids.BroadcastID, encoded []byte, site string) (Ref, error) {
	size := int64(len(encoded))
	ref := Ref{ID: id, Size: size, Pieces: int32((size + s.piece - 1) / s.piece), Site: site}
	v := value{ref: ref, encoded: encoded, sums: make([][]uint32, ref.Pieces)}
	s.sum(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.values[id]; used {
		return Ref{}, fmt.Errorf("broadcast %d exists already", id)
	}
	s.values[id] = v
	return ref, nil
}

// sum computes the checksums, as fast as memory can be read.
func (s *Store) sum(v value) {
	workers := min(runtime.GOMAXPROCS(0), len(v.sums))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(v.sums); i += workers {
				from, to := v.ref.bounds(int32(i))
				v.sums[i] = s.sums(v.encoded[from:to])
			}
		})
	}
	wg.Wait()
}

// Piece gives the bytes of a piece for the block server, and their checksums. Read only. The error is a *DestroyedError for a
// broadcast that has ended.
func (s *Store) Piece(id ids.BroadcastID, piece int) (data []byte, sums []uint32, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok := s.values[id]
	switch {
	case !ok:
		return nil, nil, s.missing(id)
	case piece < 0 || piece >= int(v.ref.Pieces):
		return nil, nil, fmt.Errorf("broadcast %d has %d pieces, not number %d", id, v.ref.Pieces, piece)
	}
	from, to := v.ref.bounds(int32(piece))
	return v.encoded[from:to:to], v.sums[piece], nil
}

// Pieces is in how many pieces a broadcast is; 0 when there is none.
func (s *Store) Pieces(id ids.BroadcastID) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return int(s.values[id].ref.Pieces)
}

// Encoded gives the whole encoded value, for the driver's own process. Read only.
func (s *Store) Encoded(id ids.BroadcastID) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v, ok := s.values[id]; ok {
		return v.encoded, nil
	}
	return nil, s.missing(id)
}

func (s *Store) missing(id ids.BroadcastID) error {
	if site, ended := s.destroyed[id]; ended {
		return &DestroyedError{ID: id, Site: site}
	}
	return fmt.Errorf("there is no broadcast %d", id)
}

// Destroy ends a broadcast: it frees the value and answers every later use with a *DestroyedError.
func (s *Store) Destroy(id ids.BroadcastID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[id]; ok {
		s.destroyed[id] = v.ref.Site
		delete(s.values, id)
	}
}

// bounds gives where a piece begins and ends in the encoded value.
func (r Ref) bounds(piece int32) (from, to int64) {
	length := (r.Size + int64(r.Pieces) - 1) / int64(r.Pieces)
	return min(int64(piece)*length, r.Size), min(int64(piece+1)*length, r.Size)
}
