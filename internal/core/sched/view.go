package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
)

// View is an immutable picture of the scheduler, for progress and status.
type View struct {
	Jobs      []JobView
	Stages    []StageView // running ones, in the order in which they are served
	Executors []ExecutorView
}

// JobView is an active job.
type JobView struct {
	ID          ids.JobID
	Group       string
	Description string
	Stages      []ids.StageID
	Left, Total int // results
}

// StageView is a running stage.
type StageView struct {
	Ref                  ids.StageRef
	Name, Site           string
	Done, Running, Total int // tasks of this attempt
}

// ExecutorView is a living executor.
type ExecutorView struct {
	ID          ids.ExecutorID
	Host        string
	Slots, Used int
}

// View gives the picture as it is now. Its cost grows with what is active, not with what has ended.
func (c *Core) View() *View {
	v := &View{}
	for _, j := range c.order {
		jv := JobView{ID: j.spec.ID, Group: j.spec.Group, Description: j.spec.Description, Left: j.left, Total: len(j.wanted)}
		for _, s := range j.stages {
			jv.Stages = append(jv.Stages, s.id)
		}
		v.Jobs = append(v.Jobs, jv)
	}
	for _, s := range c.runnable {
		set := s.current()
		v.Stages = append(v.Stages, StageView{set.Ref, s.spec.Name, s.spec.Site, set.Total() - set.Left(), set.Running(), set.Total()})
	}
	for _, e := range c.executors {
		if e != nil {
			v.Executors = append(v.Executors, ExecutorView{e.id, e.host, e.slots, e.slots - e.free})
		}
	}
	return v
}

// Executors is the number of living executors.
func (c *Core) Executors() int { return c.alive }

// Active reports whether any job is under way.
func (c *Core) Active() bool { return len(c.order) > 0 }
