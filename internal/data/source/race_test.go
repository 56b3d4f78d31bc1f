//go:build race

package source

// longLine is smaller here: under the race detector each byte costs fifty times as much.
const longLine = 16 << 20
