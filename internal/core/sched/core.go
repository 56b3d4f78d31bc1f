package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/mapout"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Core is the scheduler's state. It is not safe for concurrent use.
type Core struct {
	cfg Config
	now Time
	out []Action

	jobs      map[ids.JobID]*job // active ones; looked up, never ranged over
	order     []*job             // the same, by ID
	stages    []*stage           // by StageID; nil when forgotten
	byShuffle map[ids.ShuffleID]*stage
	outputs   *mapout.Table

	executors []*executor // by ExecutorID; nil when never seen
	alive     int
	free      ring     // executors with free slots
	runnable  []*stage // running stages, in the order in which they are served; some may have nothing to launch

	failed     []*stage // to be submitted again at resubmitAt
	resubmitAt Time
	more       bool // MaxActions was reached: there is more to launch
	nextTask   ids.TaskID
	launched   int // in this Step
}

// New gives a scheduler to which nothing has happened.
func New(cfg Config) *Core {
	return &Core{
		cfg: cfg.withDefaults(), jobs: map[ids.JobID]*job{}, byShuffle: map[ids.ShuffleID]*stage{}, outputs: mapout.New(),
	}
}

// Step takes one event and appends the actions that follow from it to out. Now must not run backwards.
func (c *Core) Step(now Time, ev Event, out []Action) []Action {
	c.now, c.out, c.launched, c.more = now, out, 0, false
	switch ev := ev.(type) {
	case TaskEnded:
		c.taskEnded(ev)
	case JobSubmitted:
		c.submitJob(ev.Job)
	case ExecutorRegistered:
		c.registerExecutor(ev)
	case ExecutorLost:
		c.loseExecutor(ev)
	case ExecutorsUnavailable:
		c.giveUp(ev.Reason)
	case JobCancelled:
		c.cancel(ev.Reason, func(j *job) bool { return j.spec.ID == ev.Job })
	case GroupCancelled:
		c.cancel(ev.Reason, func(j *job) bool { return j.spec.Group == ev.Group })
	case TagCancelled:
		c.cancel(ev.Reason, func(j *job) bool { return j.tagged(ev.Tag) })
	case AllCancelled:
		c.cancel(ev.Reason, func(*job) bool { return true })
	case ShuffleReleased:
		c.releaseShuffle(ev.Shuffle)
	case Woke:
	}
	c.resubmitFailed()
	c.offer()
	out, c.out = c.out, nil
	return out
}

// Wake gives the one moment at which the shell must tell Woke, if any.
func (c *Core) Wake() (at Time, ok bool) {
	if c.more {
		return c.now, true
	}
	return c.resubmitAt, len(c.failed) > 0
}

// Stage describes a stage attempt for executors: what ShipStage sends. Addresses of map outputs are the shell's to fill in. It is
// nil when the attempt is over.
func (c *Core) Stage(ref ids.StageRef) *task.Stage {
	s := c.stage(ref.Stage)
	if s == nil {
		return nil
	}
	t := &task.Stage{Ref: ref, Body: s.spec.Body, IsMap: s.spec.IsMap, Shuffle: s.spec.Shuffle, Reduces: s.spec.Reduces}
	if len(s.jobs) > 0 {
		t.Job, t.Props = s.jobs[0].spec.ID, s.jobs[0].spec.Props
	}
	for _, p := range s.spec.Parents {
		t.Inputs = append(t.Inputs, c.outputs.Input(p))
	}
	return t
}

func (c *Core) stage(id ids.StageID) *stage {
	if id < 0 || int(id) >= len(c.stages) {
		return nil
	}
	return c.stages[id]
}

func (c *Core) do(a Action) { c.out = append(c.out, a) }

// ring is a queue of executors with free slots, each at most once.
type ring struct{ ids []ids.ExecutorID }

func (r *ring) push(e *executor) {
	if !e.queued {
		e.queued = true
		r.ids = append(r.ids, e.id)
	}
}
