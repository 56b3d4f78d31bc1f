package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kilnproject/kiln/internal/core/task"
)

// BarrierError is why a task that called Barrier or AllGather does not go on: the others do not come, or it is alone. The task should
// fail with it. Then all tasks of the stage are stopped, and run again together as long as they may.
type BarrierError struct {
	Call string // the method
	Why  string
}

// Error gives the call and why it was refused.
func (e *BarrierError) Error() string { return e.Call + ": " + e.Why }

// Refused is the driver's answer to a call that it does not grant.
type Refused struct{ Why string }

// Error says why.
func (e *Refused) Error() string { return e.Why }

// mostSaid bounds a message of AllGather, as the driver bounds those of all tasks together.
const mostSaid = 16 << 20

// Barrier waits until every task of the barrier stage (see kiln.Barrier) has called it as often as this one. All tasks of a stage make
// the same calls in the same order. The error is a *BarrierError when they do not, when one of them has ended, when the others do not
// come within kiln.barrier.sync.timeout, and outside a barrier stage; when the task is killed it is the reason.
func (c *TaskContext) Barrier() error {
	_, err := c.meet(task.Meet, "")
	return err
}

// AllGather is Barrier, and gives what every task of the stage said, by partition. Messages go through the driver: together they may
// take 16 MiB. The list is the caller's.
func (c *TaskContext) AllGather(message string) ([]string, error) {
	messages, err := c.meet(task.Gather, message)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(messages))
	for i, m := range messages {
		all[i] = string(m)
	}
	return all, nil
}

// Hosts gives the machines on which the tasks of the barrier stage run, by partition; nil in any other stage. The list is the caller's.
func (c *TaskContext) Hosts() []string { return slices.Clone(c.t.Stage.Hosts) }

func (c *TaskContext) meet(kind task.CallKind, message string) ([][]byte, error) {
	switch {
	case c.t.Stage.Hosts == nil:
		return nil, &BarrierError{kind.String(), "the task is alone, since its stage is not a barrier stage: put kiln.Barrier before the verb whose function calls it"}
	case len(message) > mostSaid:
		return nil, &BarrierError{kind.String(), fmt.Sprintf("a message of %d bytes is too long: those of all tasks together may take %d", len(message), mostSaid)}
	}
	messages, err := c.t.Host.Ask(c.t, kind, []byte(message))
	var no *Refused
	if errors.As(err, &no) {
		return nil, &BarrierError{kind.String(), no.Why}
	}
	return messages, err
}
