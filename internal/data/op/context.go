package op

import (
	"slices"

	"github.com/kilnproject/kiln/internal/core/task"
)

// TaskContext is what a user's function may know of the task that it runs in. Its methods may be called from the function's
// goroutine only; the channel that Done gives may be handed on.
type TaskContext struct{ t *Task }

// Face gives the task as users see it.
func (t *Task) Face() *TaskContext { return &TaskContext{t} }

// Partition is the number of the partition that the task computes, from zero.
func (c *TaskContext) Partition() int { return int(c.t.Ref.Partition) }

// Stage is the number of the task's stage in the application.
func (c *TaskContext) Stage() int { return int(c.t.Ref.Stage) }

// StageAttempt counts the submissions of the stage, from zero.
func (c *TaskContext) StageAttempt() int { return int(c.t.Ref.Attempt) }

// TaskAttempt counts the tries of this task in its stage attempt, from zero.
func (c *TaskContext) TaskAttempt() int { return int(c.t.Ref.Try) }

// TaskID is unique for each task attempt in the application.
func (c *TaskContext) TaskID() int64 { return int64(c.t.ID) }

// Done is closed when the task is killed: a function that runs long looks at it.
func (c *TaskContext) Done() <-chan struct{} { return c.t.Context.Done() }

// Property gives a property of the job: "kiln.job.group", "kiln.job.description", "kiln.job.tags", "kiln.scheduler.pool".
func (c *TaskContext) Property(key string) string { return c.t.Stage.Props[key] }

// Slots is how many slots the task has of its executor (kiln.task.cpus, or its profile's TaskSlots): about how many goroutines of its own
// are worth while.
func (c *TaskContext) Slots() int { return max(1, c.t.Stage.Slots) }

// Resources gives the addresses that the task has of each resource that its profile or the settings ask for: of "gpu" perhaps "0" and "2".
// An address of which tasks take a part is shared with others. The map is the caller's; it is empty when the task takes none.
func (c *TaskContext) Resources() map[string][]string {
	m := make(map[string][]string, len(c.t.Resources))
	for _, r := range c.t.Resources {
		m[r.Name] = slices.Clone(r.Addresses)
	}
	return m
}

// OnCompletion registers f to run when the task has ended in whatever way; the last registered runs first.
func (c *TaskContext) OnCompletion(f func(*TaskContext)) { c.t.OnDone(func(error) { f(c) }) }

// OnFailure registers f to run, with the error, when the task has failed.
func (c *TaskContext) OnFailure(f func(*TaskContext, error)) {
	c.t.OnDone(func(err error) {
		if err != nil {
			f(c, err)
		}
	})
}

// Metrics gives what the task has counted so far.
func (c *TaskContext) Metrics() task.Metrics { return *c.t.Metrics }
