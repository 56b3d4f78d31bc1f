package sched

import (
	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched/taskset"
	"github.com/kilnproject/kiln/internal/core/task"
)

// executor is one executor with its slots. Invariant: free + len(running) == slots.
type executor struct {
	id      ids.ExecutorID
	host    string
	slots   int
	free    int
	queued  bool // it is in Core.free
	running []claim
}

// claim is one task attempt on an executor.
type claim struct {
	id  ids.TaskID
	ref ids.TaskRef
}

func (c *Core) executor(id ids.ExecutorID) *executor {
	if id < 0 || int(id) >= len(c.executors) {
		return nil
	}
	return c.executors[id]
}

func (c *Core) registerExecutor(ev ExecutorRegistered) {
	if ev.ID < 0 || c.executor(ev.ID) != nil {
		return
	}
	for int(ev.ID) >= len(c.executors) {
		c.executors = append(c.executors, nil)
	}
	e := &executor{id: ev.ID, host: ev.Host, slots: max(ev.Slots, 1), free: max(ev.Slots, 1)}
	c.executors[ev.ID] = e
	c.alive++
	c.free.push(e)
}

// offer gives free slots to waiting tasks. Executors take turns, one task each, so that work spreads; stages are served in
// order of their jobs.
func (c *Core) offer() {
	for len(c.free.ids) > 0 {
		s := c.nextStage()
		if s == nil {
			return
		}
		if c.launched >= c.cfg.MaxActions {
			c.more = true
			return
		}
		e := c.executor(c.free.ids[0])
		c.free.ids = c.free.ids[1:]
		if e == nil {
			continue
		}
		e.queued = false
		if e.free == 0 {
			continue
		}
		c.launch(s, e)
		if e.free > 0 {
			c.free.push(e)
		}
	}
}

// nextStage is the first stage with a task to launch.
func (c *Core) nextStage() *stage {
	for _, s := range c.runnable {
		if s.current().Waiting() > 0 {
			return s
		}
	}
	return nil
}

func (c *Core) launch(s *stage, e *executor) {
	set := s.current()
	part, try, ok := set.Take(e.id, e.host)
	if !ok {
		return
	}
	if set.Ship(e.id) {
		c.do(ShipStage{e.id, set.Ref})
	}
	l := task.Launch{Ref: ids.TaskRef{StageRef: set.Ref, Partition: part, Try: try}, ID: c.nextTask}
	c.nextTask++
	if s.spec.Splits != nil {
		l.Split = s.spec.Splits[part]
	}
	e.free--
	e.running = append(e.running, claim{l.ID, l.Ref})
	c.launched++
	c.do(Launch{e.id, l})
}

// claim matches an answer with what was asked: the one place where stale answers die. It frees the slot, and gives the set that the
// task belongs to, or nil when nobody is interested any more.
func (c *Core) claim(id ids.ExecutorID, end *task.End) (*stage, *taskset.Set) {
	e := c.executor(id)
	if e == nil {
		return nil, nil
	}
	for i := range e.running {
		if e.running[i].id != end.ID || e.running[i].ref != end.Ref {
			continue
		}
		e.running[i] = e.running[len(e.running)-1]
		e.running = e.running[:len(e.running)-1]
		e.free++
		c.free.push(e)
		s := c.stage(end.Ref.Stage)
		if s == nil {
			return nil, nil
		}
		set := s.set(end.Ref.Attempt)
		if set != nil {
			set.Ended(end.Ref.Partition)
		}
		return s, set
	}
	return nil, nil
}

// killOn stops the tasks of a stage on an executor.
func (c *Core) killOn(e *executor, s ids.StageID, reason string) {
	for _, t := range e.running {
		if t.ref.Stage == s {
			c.do(Kill{e.id, task.Kill{Ref: t.ref, Reason: reason}})
		}
	}
}
