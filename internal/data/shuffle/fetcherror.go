package shuffle

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/link/transport"
)

// ErrGone is in the error of a Fetcher that knows that the executor has ended: trying again would be in vain.
var ErrGone = transport.ErrGone

// FetchError says which map output could not be read, and so must be computed again.
type FetchError struct {
	Fetch task.Fetch
	Addr  string // where it was asked for; empty for one of this executor
	Err   error
}

// Error names the map output, its executor and the cause.
func (e *FetchError) Error() string {
	where := "this executor"
	switch {
	case e.Fetch.Executor == ids.Driver:
		where = "no executor"
	case e.Addr != "":
		where = fmt.Sprintf("executor %v at %s", e.Fetch.Executor, e.Addr)
	}
	if e.Fetch.Map < 0 {
		return fmt.Sprintf("the map outputs of shuffle %d on %s can not be read: %v", e.Fetch.Shuffle, where, e.Err)
	}
	return fmt.Sprintf("the output of map partition %d of shuffle %d for reduce partition %d on %s can not be read: %v",
		e.Fetch.Map, e.Fetch.Shuffle, e.Fetch.Reduce, where, e.Err)
}

// Unwrap gives the cause.
func (e *FetchError) Unwrap() error { return e.Err }
