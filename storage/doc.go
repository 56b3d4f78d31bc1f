// Package storage says what Kiln asks of the places where input lies and output goes: list, read from an offset, and create so
// that half-written work is never visible.
//
// An [FS] is such a place. It is chosen by the scheme of a path ("s3://bucket/x"); a path without a scheme is a file of this
// machine. Package storage/file is in the box; others [Register] when they are imported. Package storage/storagetest is the
// suite that every FS must pass.
//
// The package knows nothing of records, formats or tasks. It imports the standard library only.
package storage
