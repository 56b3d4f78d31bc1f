package kiln

import (
	"context"
	"errors"
	"fmt"

	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/internal/driver"
)

// cancelled is the error of a cancelled job: the reason that was given, if any, and what the context says when it has ended.
type cancelled struct {
	reason     string
	cause, err error // of the context; nil when it goes on
}

// over is the error of a job whose context has ended.
func over(ctx context.Context) error {
	cause := context.Cause(ctx)
	return &cancelled{cause.Error(), cause, ctx.Err()}
}

func (c *cancelled) Error() string {
	if c.reason == "" {
		return "cancelled"
	}
	return "cancelled: " + c.reason
}

// Unwrap makes errors.Is find ErrCancelled, what ended the context, and context.Canceled or context.DeadlineExceeded.
func (c *cancelled) Unwrap() []error {
	chain := []error{ErrCancelled}
	for _, err := range []error{c.cause, c.err} {
		if err != nil {
			chain = append(chain, err)
		}
	}
	return chain
}

// stuck is the error of a job of which a task could run nowhere: why not, and what the task failed with before.
type stuck struct {
	reason string
	cause  error
}

func (s *stuck) Error() string { return s.reason }

// Unwrap makes errors.Is find the task's own error.
func (s *stuck) Unwrap() error { return s.cause }

// failure turns what the driver says of a job's end into what users see.
func (a *action) failure(ctx context.Context, err error) error {
	var f *driver.Failure
	switch {
	case errors.As(err, &f):
	case ctx.Err() != nil && !errors.Is(err, ErrClosed): // it had ended before the driver took the job
		return over(ctx)
	default:
		return err
	}
	e := &JobError{
		Job: int(f.Job), Stage: int(f.Stage), Partition: int(f.Partition), Attempts: f.Attempts, Site: f.Site, Verb: f.Name,
	}
	if f.Stage < 0 {
		e.Site, e.Verb = a.site, a.verb
	}
	if f.Attempts > 0 {
		e.Executor = f.Executor.String()
	}
	switch f.Kind {
	case sched.Cancelled:
		e.Cause = &cancelled{f.Reason, context.Cause(ctx), ctx.Err()}
	case sched.ResultTooLarge:
		e.Cause = fmt.Errorf("%w: %s", ErrResultTooLarge, f.Reason)
	case sched.ExecutorsLost:
		e.Cause = fmt.Errorf("%w: %s", ErrExecutorLost, f.Reason)
	case sched.OutputChanged:
		e.Cause = fmt.Errorf("%w: %s", ErrOutputChanged, f.Reason)
	case sched.Unschedulable:
		e.Cause = &stuck{reason: f.Reason}
		if f.Cause != nil {
			e.Cause = &stuck{f.Reason, taskError(e, f.Cause, f.Reason)}
		}
	default:
		e.Cause = taskError(e, f.Cause, f.Reason)
	}
	return e
}

// taskError rebuilds a task's error, and takes what it knows of its place.
func taskError(e *JobError, t *task.Error, reason string) error {
	if t == nil {
		return errors.New(reason)
	}
	e.at(t.Site)
	own := op.DecodeError(t.Value)
	if t.Panic {
		e.Stack = t.Stack
		return &PanicError{Text: t.Text, Cause: own}
	}
	if own != nil {
		return own
	}
	return &RemoteError{Text: t.Text, Type: t.Type}
}

// onDriver calls f, which runs functions of the user in this process: what an action brings together, and the order of samples. They fail
// the action as they would fail a task.
func onDriver(verb, site string, f func()) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		e := &JobError{Job: -1, Stage: -1, Partition: -1, Site: site, Verb: verb}
		var failed *op.Failure
		var panicked *op.Panicked
		switch cause := op.PanicError(p); {
		case errors.As(cause, &failed):
			e.Cause = failed.Err
			e.at(failed.Site)
		case errors.As(cause, &panicked):
			e.Cause, e.Stack = &PanicError{Text: panicked.Error(), Cause: panicked.Err}, panicked.Stack
			e.at(panicked.Site)
		}
		err = e
	}()
	f()
	return nil
}

// at puts the error where the user's code failed, if that is known.
func (e *JobError) at(site string) {
	if site != "" {
		e.Site = shortSite(site)
	}
}
