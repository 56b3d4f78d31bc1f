package task

import "github.com/kilnproject/kiln/internal/core/ids"

// Copy orders an executor to take a copy of a block from another one, which is about to go. Copied answers it.
type Copy struct {
	Block      ids.BlockID // a map output, ids.Output of piece 0, or a cached partition, ids.RDD without its generation
	Generation int32       // of the block: see Stage and Cached
	From       Location

	Reduces int    // of a map output: reduce partitions of its shuffle
	Digest  uint64 // of a map output: of what is in it; 0 when it is not known
	Level   Level  // of a cached partition: how it is kept
}

// Copied is the one answer to a Copy.
type Copied struct {
	Block      ids.BlockID
	Generation int32
	From       ids.ExecutorID
	Digest     uint64
	Error      string // why there is no copy; empty when there is one
}

// Level says how a cached partition is kept: in memory or on disk, as rows or as bytes. It is a block.Level, and only executors know what
// it means. Zero is none.
type Level uint8
