package pools

import "fmt"

// Error is one problem in a pool file.
type Error struct {
	File       string
	Line       int
	Why        string
	Suggestion string // what to write instead
}

// Error gives one line: where, why, and what to write instead.
func (e *Error) Error() string {
	return fmt.Sprintf("pool file %s:%d: %s; %s", e.File, e.Line, e.Why, e.Suggestion)
}
