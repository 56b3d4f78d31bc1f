// Package source turns files into splits, and splits into rows: text lines, whole files, or records of one length.
//
// [Plan] runs on the driver: it lists the input, cuts large files, packs small ones together, and gives one [Split] for each
// partition. A split travels to a task as bytes; [ReadLines], [ReadWhole] and [ReadRecords] push its rows in batches. Rows alias
// input buffers that are written once and never reused, so no row is copied; who keeps a row for long keeps its buffer.
//
// The package knows neither tasks nor operators. It may import package storage, compression libraries and the standard library.
package source
