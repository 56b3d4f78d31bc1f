//go:build !race

package source

// longLine is the length of the longest line that tests read.
const longLine = 256 << 20
