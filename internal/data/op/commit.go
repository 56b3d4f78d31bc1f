package op

import "github.com/kilnproject/kiln/internal/core/task"

// CommitDenied is the error of a task attempt that may not commit: another attempt of its task does, or nobody wants it any more. It is
// not the task's failure.
type CommitDenied struct{ Why error }

// Error says why.
func (e *CommitDenied) Error() string { return e.Why.Error() }

// Unwrap gives the reason.
func (e *CommitDenied) Unwrap() error { return e.Why }

// mayCommit asks the driver whether the task may make its output durable. That only one attempt does spares the others the work; that
// only one is published is for the receipts, which the driver counts once.
func (t *Task) mayCommit() error {
	if _, err := t.Host.Ask(t, task.Commit, nil); err != nil {
		return &CommitDenied{err}
	}
	return nil
}
