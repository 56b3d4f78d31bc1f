// Package broadcast brings one encoded value from the driver to every executor, once per process.
//
// The driver's [Store] cuts the encoded value into pieces, which its block server serves as blocks. The checksums with which they
// travel are computed when the value is put there, once for all executors. An executor's [Cache] fetches the pieces side by side,
// each to its place in one buffer, and decodes that once for all tasks of the process. The [Fetcher] verifies what comes.
//
// The package does not look into the encoded value and knows no connections. It may import core/ids.
package broadcast
