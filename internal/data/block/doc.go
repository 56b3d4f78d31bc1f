// Package block stores the blocks of one executor: cached partitions and large results, in memory and on disk.
//
// A block in memory is either the typed rows, kept as an opaque value with its size and the way to encode it, or encoded bytes;
// on disk it is encoded bytes. Memory comes from the executor's ledger through [Memory]. When it runs short, the least recently
// used blocks that nobody reads go to disk, if their [Level] allows, or away; blocks of the RDD that is being stored stay, since
// pushing out one partition for the next of the same RDD would end with none. What is gone is computed again by whoever needs it.
//
// A file holds the encoded blocks and four bytes of CRC-32C, little endian, over them. It is verified before its bytes are
// handed out; a damaged one is removed and reported, and its block counts as missing.
//
// The store knows neither stages nor the network, and does not look into encoded bytes. It may import core/ids, core/mem and
// the disk package below it.
package block
