package kiln

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/kilnproject/kiln/internal/conf"
	"github.com/kilnproject/kiln/internal/data/op"
	"github.com/kilnproject/kiln/internal/driver"
)

// Errors that callers ask for with errors.Is.
var (
	// ErrCancelled is in the chain of the error of a cancelled job, whose text holds the reason that was given. Where a context ended the job, or
	// had ended before it, what that says is in the chain too: its cause, and context.Canceled or context.DeadlineExceeded.
	ErrCancelled = errors.New("cancelled")
	// ErrResultTooLarge is in the chain when the results of a job exceed kiln.driver.maxResultSize.
	ErrResultTooLarge = errors.New("the job's results exceed kiln.driver.maxResultSize")
	// ErrEmpty is what First, Reduce, Min, Max and Mean of nothing give.
	ErrEmpty = errors.New("the RDD is empty")
	// ErrDestroyed is in the chain when a destroyed broadcast is used.
	ErrDestroyed = op.ErrDestroyed
	// ErrClosed is what a job on a closed session gives.
	ErrClosed = driver.ErrClosed
	// ErrExists is in the chain when a save finds its directory there already.
	ErrExists = fs.ErrExist
	// ErrRowsChanged is what kiln.debug.checkRows finds: a function changed the rows that it was given.
	ErrRowsChanged = op.ErrRowsChanged
	// ErrExecutorLost is in the chain when a job failed because its executors died.
	ErrExecutorLost = errors.New("executor lost")
	// ErrOutputChanged is in the chain when a job failed because a part of a shuffle was lost and, computed again, had other rows than
	// those that results were made of. Functions that depend on chance, on time or on the order of rows do that.
	ErrOutputChanged = errors.New("shuffled rows changed")
)

var (
	errNoSession   = errors.New("the session is nil")
	errZeroRDD     = errors.New("the RDD is the zero value: make one with a source such as kiln.TextFile")
	errTwoSessions = errors.New("the RDDs belong to two sessions: rows of one application cannot be read by another")
)

// ConfigError is a setting that is unknown or has a value that cannot be. Its fields are texts: Key, Value, Place (such as "kiln.conf:12"), Why and
// Suggestion; and Origin, whose String is default, properties file, environment, flag or code.
type ConfigError = conf.Error

// BuildError is why a verb refused to build: a function that cannot travel, a type that cannot be encoded, an argument out of
// range. Verbs panic with it, at the line that is to change; Main prints it.
type BuildError struct {
	Verb  string // the verb that refused
	Site  string // the user's file:line
	Cause error
}

// Error gives site, verb and cause.
func (e *BuildError) Error() string { return fmt.Sprintf("%s: kiln.%s: %v", e.Site, e.Verb, e.Cause) }

// Unwrap gives the cause.
func (e *BuildError) Unwrap() error { return e.Cause }

// JobError is why a job failed: the first cause, and where it was.
type JobError struct {
	Job       int
	Stage     int    // -1 when no stage is to blame
	Partition int    // -1 when no task is to blame
	Attempts  int    // how often the task was tried
	Executor  string // where its last try ran
	Site      string // the user's file:line: of the failing line when known, else of the verb
	Verb      string
	Cause     error
	Stack     string // of a panic in the user's code
}

// Error gives place, cause and what was tried.
func (e *JobError) Error() string {
	var b strings.Builder
	if e.Site != "" {
		fmt.Fprintf(&b, "%s: ", e.Site)
	}
	fmt.Fprintf(&b, "%v", e.Cause)
	var where []string
	if e.Job >= 0 {
		where = append(where, fmt.Sprintf("job %d", e.Job))
	}
	if e.Stage >= 0 {
		where = append(where, fmt.Sprintf("stage %d", e.Stage))
	}
	if e.Verb != "" {
		where = append(where, e.Verb)
	}
	if e.Partition >= 0 {
		where = append(where, fmt.Sprintf("partition %d", e.Partition))
	}
	if e.Attempts > 0 {
		where = append(where, fmt.Sprintf("tried %d times", e.Attempts))
		if e.Attempts == 1 {
			where[len(where)-1] = "tried once"
		}
	}
	if e.Executor != "" {
		where = append(where, "executor "+e.Executor)
	}
	fmt.Fprintf(&b, " [%s]", strings.Join(where, ", "))
	if e.Stack != "" {
		fmt.Fprintf(&b, "\n%s", strings.TrimRight(e.Stack, "\n"))
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *JobError) Unwrap() error { return e.Cause }

// RemoteError is one link of a user's error chain whose type could not travel: its Text and the name of its Type.
type RemoteError = op.RemoteError

// PanicError is a panic of the user's code.
type PanicError struct {
	Text  string
	Cause error // what was panicked with, when that was an error
}

// Error gives what was panicked with.
func (e *PanicError) Error() string { return e.Text }

// Unwrap gives the error that was panicked with, or nil.
func (e *PanicError) Unwrap() error { return e.Cause }

// locate adds verb and site to an error that has none yet.
func locate(verb, site string, err error) error {
	var b *BuildError
	var j *JobError
	if errors.As(err, &b) || errors.As(err, &j) {
		return err
	}
	return &JobError{Stage: -1, Partition: -1, Job: -1, Site: site, Verb: verb, Cause: err}
}

// Fail fails the task with err, which reaches the driver's error chain: by type when its type can be encoded, else by text.
func Fail(err error) {
	if err == nil {
		err = errors.New("kiln.Fail was called with a nil error")
	}
	panic(&op.Failure{Err: err, Site: userSite()})
}

// Must gives v, or fails the task with err.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(&op.Failure{Err: err, Site: userSite()})
	}
	return v
}
