package task

import (
	"fmt"

	"github.com/kilnproject/kiln/internal/core/ids"
)

// Call is what a running task attempt asks of the driver. It waits for the Reply, and makes one call at a time.
type Call struct {
	Ref     ids.TaskRef
	ID      ids.TaskID
	Seq     int32 // counts the calls of the task attempt, from zero
	Kind    CallKind
	Message []byte
	Block   ids.BlockID // of Locate: of whatever generation
}

// CallKind is what a task asks for.
type CallKind uint8

// The calls.
const (
	Meet   CallKind = iota + 1 // to wait until every task of its barrier stage has come as far
	Gather                     // the same, and what every one of them had to say
	Commit                     // to make its output visible, which one attempt of a task may
	Locate                     // to hear which executors have the cached partition that Block names
)

// String gives the method that users call.
func (k CallKind) String() string {
	switch k {
	case Meet:
		return "Barrier"
	case Gather:
		return "AllGather"
	case Commit:
		return "commit"
	case Locate:
		return "locate"
	}
	return fmt.Sprintf("call %d", k)
}

// Reply answers a Call.
type Reply struct {
	Ref      ids.TaskRef
	Seq      int32
	Refused  string     // why there is no answer, unless empty
	Messages [][]byte   // of Gather: by partition
	Places   []Location // of Locate: where to try, in this order; none when no other executor has it
}
