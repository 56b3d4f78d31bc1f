package task

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Fate is how a task attempt ended. Failed is the task's own fault, Lost the machine's, Killed our order.
type Fate uint8

// The fates.
const (
	Success      Fate = iota + 1
	Failed            // an error, a panic or runtime.Goexit of the user's code, or of ours on its behalf
	FetchFailed       // a map output could not be read: its map task must run again
	Killed            // we asked for it
	Lost              // the executor or its result is gone
	CommitDenied      // another attempt may commit
)

// String gives the fate in words.
func (f Fate) String() string {
	switch f {
	case Success:
		return "success"
	case Failed:
		return "failed"
	case FetchFailed:
		return "fetch failed"
	case Killed:
		return "killed"
	case Lost:
		return "lost"
	case CommitDenied:
		return "commit denied"
	}
	return fmt.Sprintf("fate %d", f)
}

// EndReason says how a task attempt ended, and why.
type EndReason struct {
	Fate  Fate
	Error *Error // for every fate but Success
	Fetch Fetch  // for FetchFailed
}

// Fetch names the map output that could not be read. Map is -1 when every output of that executor is meant.
type Fetch struct {
	Shuffle  ids.ShuffleID
	Map      int32
	Reduce   int32
	Executor ids.ExecutorID
}

// Error is a task's error on its way to the driver: text that people read, and the user's own error where its type can travel.
type Error struct {
	Text  string // first cause first
	Type  string // the original Go type
	Site  string // user file:line where it arose, when known
	Stack string // of a panic
	Value []byte // the error itself: type reference and codec bytes; nil when it cannot be encoded
	Final bool   // trying again cannot help
	Panic bool
}

// Error gives the text.
func (e *Error) Error() string { return e.Text }
