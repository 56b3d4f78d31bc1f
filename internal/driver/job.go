package driver

import (
	"context"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
)

// Failure is why a job failed, as Run gives it.
type Failure struct {
	Job ids.JobID
	*sched.JobFailure
}

// handle is one running job for the goroutine that waits for it.
type handle struct {
	deliver func(partition int32, value []byte)
	done    chan error // one value, ever
}

type submission struct {
	job    sched.Job
	handle *handle
}

// Run runs a job and waits for its end. Deliver is called on the driver's goroutine, once for each partition, and never after Run has
// returned; it must be quick. The error is a *Failure, or ErrClosed. When ctx ends the job is cancelled, with the cause as its reason.
func (d *Driver) Run(ctx context.Context, job sched.Job, deliver func(partition int32, value []byte)) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	job.ID = ids.JobID(d.nextJob.Add(1) - 1)
	h := &handle{deliver: deliver, done: make(chan error, 1)}
	if !d.report(submission{job, h}) {
		return ErrClosed
	}
	select {
	case err := <-h.done:
		return err
	case <-ctx.Done():
		d.report(sched.JobCancelled{Job: job.ID, Reason: context.Cause(ctx).Error()})
	case <-d.done:
	}
	select {
	case err := <-h.done:
		return err
	case <-d.done:
		// The loop may have ended before it took the submission.
		select {
		case err := <-h.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// finish ends a job, after what its tasks sent to accumulators has been added.
func (d *Driver) finish(id ids.JobID, err error) {
	h := d.jobs[id]
	if h == nil {
		return
	}
	delete(d.jobs, id)
	d.outbox.after(func() { h.done <- err })
}
