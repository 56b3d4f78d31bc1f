package task

import "github.com/kilnproject/kiln/internal/core/ids"

// Copy orders an executor to take a copy of a block from another one, which is about to go. Copied answers it.
type Copy struct {
	Block ids.BlockID // a map output, ids.Output of piece 0
	From  Location

	Reduces    int    // reduce partitions of the shuffle
	Generation int32  // of the map output, see Stage
	Digest     uint64 // of what is in it; 0 when it is not known
}

// Copied is the one answer to a Copy.
type Copied struct {
	Block      ids.BlockID
	From       ids.ExecutorID
	Generation int32
	Digest     uint64
	Error      string // why there is no copy; empty when there is one
}
