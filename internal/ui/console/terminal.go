package console

import (
	"os"
	"strconv"
)

// usualWidth is what a terminal has that does not say how wide it is.
const usualWidth = 80

// IsTerminal reports whether people watch what is written to f.
func IsTerminal(f *os.File) bool {
	_, ok := columns(f)
	return ok
}

// Width gives the columns of a line: what the environment says in COLUMNS, else what the terminal says, else 80.
func Width(f *os.File, environ func(key string) string) int {
	if n, err := strconv.Atoi(environ("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if n, ok := columns(f); ok && n > 0 {
		return n
	}
	return usualWidth
}
