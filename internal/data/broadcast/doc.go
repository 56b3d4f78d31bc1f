// Package broadcast brings what the driver has for all executors to each of them once: an encoded value, in pieces, and lists of map
// outputs.
//
// The driver's [Store] cuts an encoded value into pieces, which its block server serves as blocks. The checksums with which they
// travel are computed when the value is put there, once for all executors. An executor's [Exchange] fetches the pieces side by side,
// each to its place in one buffer, and its [Cache] decodes that once for all tasks of the process. The [Fetcher] verifies what comes.
//
// Where there are more executors than the driver gives a block to, they give it to each other: an executor asks the driver's
// [Directory] from whom it gets a piece, and gives the piece to whom the directory sends. What comes from another executor is compared with the
// checksums that the driver told. Whatever goes wrong between executors, the driver has the piece.
//
// The package does not look into the encoded value and knows no connections. It may import core/ids and core/relay.
package broadcast
