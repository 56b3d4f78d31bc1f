// Package shuffle keeps what map tasks leave for reduce tasks, and brings it to them.
//
// A map task writes encoded blocks through a [Writer]: blocks for any reduce partition in any order, held in memory as far as the
// task's memory goes, spilled as sorted runs beyond that, and merged at the end into one map output, by concatenation only. The
// [Store] of its executor keeps the output: in memory when it is small, else as one data file with its index at the end. The
// first attempt of a map task that commits wins; until then nothing of an attempt can be seen.
//
// A reduce task reads through a [Reader]: local outputs straight from the store, others through a [Fetcher], with limits on what
// is under way. Each segment (what one map task left for one reduce partition) carries a checksum, from the writer to the reader. One
// that is missing or damaged becomes a [FetchError] that names the map output to be computed again; it never becomes data.
//
// docs/format-shuffle.md describes the bytes. The package does not look into blocks, and knows neither stages nor connections. It
// may import core/ids, core/task, data/block/disk and, for the error of a peer that is gone, link/transport.
package shuffle
