// Package broadcast brings one encoded value from the driver to every executor, once per process.
//
// The driver's [Store] cuts the encoded value into pieces, which its block server serves as blocks; behind the last piece is a table
// with a checksum for each. An executor's [Cache] fetches the pieces side by side, verifies each, puts them together in one
// buffer, and decodes that once for all tasks of the process.
//
// The package does not look into the encoded value and knows no connections. It may import core/ids.
package broadcast
