package work

import (
	"fmt"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/task"
)

// Config holds what an executor's core must know. A zero field takes the default that stands beside it.
type Config struct {
	Slots    int           // task attempts that run at once; 1
	Grace    time.Duration // how long running task attempts may take to end after Stopped; 10 s
	Patience time.Duration // how long a cancelled task attempt may go on before the executor is given up with it; 0 means for ever
	Remember int           // kills kept for launches that they overtook; 1024
}

// Core is the state of one executor. It is not safe for concurrent use.
type Core struct {
	cfg     Config
	stages  map[ids.StageRef]*stage  // looked up, never ranged over
	tasks   map[ids.TaskRef]*attempt // every queued or running task attempt; looked up, never ranged over
	running []*attempt               // in order of start; len(running) <= cfg.Slots
	queue   queue                    // waiting for a slot; empty while a slot is free
	early   overtaken                // kills that came before their launch
	stopped *Stopped                 // once set, nothing starts any more and the queue is empty
	exitAt  Time                     // when Exit is given in any case; valid once stopped
	exited  bool                     // Exit was given; it is the last action ever
}

// stage counts the task attempts that need it. Invariant: it is forgotten only as long as users > 0.
type stage struct {
	users     int
	forgotten bool
}

// attempt is one queued or running task attempt.
type attempt struct {
	launch    task.Launch
	stage     *stage
	running   bool
	cancelled bool // implies running
	until     Time // when the patience with it ends; valid once cancelled
}

// New gives the core of an executor on which nothing happened yet.
func New(cfg Config) *Core {
	cfg.Slots = max(cfg.Slots, 1)
	if cfg.Grace <= 0 {
		cfg.Grace = 10 * time.Second
	}
	if cfg.Remember <= 0 {
		cfg.Remember = 1024
	}
	return &Core{
		cfg:     cfg,
		stages:  map[ids.StageRef]*stage{},
		tasks:   map[ids.TaskRef]*attempt{},
		running: make([]*attempt, 0, cfg.Slots),
		early:   overtaken{limit: cfg.Remember, reasons: map[ids.TaskRef]string{}},
	}
}

// Step takes one event and appends the actions that follow from it to out. After Exit it gives no more actions.
func (c *Core) Step(now Time, ev Event, out []Action) []Action {
	if c.exited {
		return out
	}
	switch ev := ev.(type) {
	case LaunchArrived:
		return c.launch(ev.Launch, out)
	case TaskFinished:
		return c.finish(ev.Ref, out)
	case KillArrived:
		return c.kill(now, ev.Kill, out)
	case StageArrived:
		c.learn(ev.Ref)
	case StageForgotten:
		return c.forget(ev.Ref, out)
	case Stopped:
		return c.stop(now, ev, out)
	case Woke:
		return c.wake(now, out)
	}
	return out
}

// Wake gives the one moment at which the shell must tell Woke, if any.
func (c *Core) Wake() (at Time, ok bool) {
	if c.stopped != nil || c.exited {
		return c.exitAt, !c.exited
	}
	if a := c.leastPatience(); a != nil {
		return a.until, true
	}
	return 0, false
}

// Running is the number of slots in use.
func (c *Core) Running() int { return len(c.running) }

// Queued is the number of task attempts that wait for a slot.
func (c *Core) Queued() int { return c.queue.len() }

func (c *Core) learn(ref ids.StageRef) {
	if s := c.stages[ref]; s != nil {
		s.forgotten = false
		return
	}
	c.stages[ref] = &stage{}
}

func (c *Core) forget(ref ids.StageRef, out []Action) []Action {
	s := c.stages[ref]
	switch {
	case s == nil:
		return out
	case s.users > 0:
		s.forgotten = true
		return out
	}
	delete(c.stages, ref)
	return append(out, DropStage{ref})
}

func (c *Core) launch(l task.Launch, out []Action) []Action {
	s := c.stages[l.Ref.StageRef]
	switch {
	case c.stopped != nil:
		return append(out, RefuseTask{l, Stopping})
	case c.tasks[l.Ref] != nil:
		return append(out, RefuseTask{l, Duplicate})
	}
	if reason, killed := c.early.take(l.Ref); killed {
		return append(out, AnswerKilled{l, reason})
	}
	if s == nil || s.forgotten {
		return append(out, RefuseTask{l, UnknownStage})
	}
	a := &attempt{launch: l, stage: s}
	s.users++
	c.tasks[l.Ref] = a
	if len(c.running) < c.cfg.Slots {
		return c.start(a, out)
	}
	c.queue.push(a)
	return out
}

func (c *Core) start(a *attempt, out []Action) []Action {
	a.running = true
	c.running = append(c.running, a)
	return append(out, StartTask{a.launch})
}

func (c *Core) kill(now Time, k task.Kill, out []Action) []Action {
	a := c.tasks[k.Ref]
	switch {
	case k.Recall && (a == nil || a.running):
		return out
	case a == nil:
		c.early.put(k.Ref, k.Reason)
		return out
	case a.cancelled:
		return out
	case a.running:
		a.cancelled, a.until = true, now+c.cfg.Patience
		return append(out, CancelTask{k.Ref, k.Reason})
	}
	c.queue.remove(a)
	return c.leave(a, append(out, AnswerKilled{a.launch, k.Reason}))
}

func (c *Core) finish(ref ids.TaskRef, out []Action) []Action {
	a := c.tasks[ref]
	if a == nil || !a.running {
		return out // told twice: the first one counted
	}
	c.vacate(a)
	out = c.leave(a, out)
	if c.stopped != nil {
		return c.exitWhenIdle(out)
	}
	if next := c.queue.pop(); next != nil {
		out = c.start(next, out)
	}
	return out
}

// vacate takes a out of its slot and keeps the order of the others.
func (c *Core) vacate(a *attempt) {
	for i, r := range c.running {
		if r == a {
			copy(c.running[i:], c.running[i+1:])
			c.running[len(c.running)-1] = nil
			c.running = c.running[:len(c.running)-1]
			return
		}
	}
}

// leave forgets a task attempt that is neither queued nor running any more, and its stage with the last one.
func (c *Core) leave(a *attempt, out []Action) []Action {
	delete(c.tasks, a.launch.Ref)
	a.stage.users--
	if a.stage.users == 0 && a.stage.forgotten {
		delete(c.stages, a.launch.Ref.StageRef)
		out = append(out, DropStage{a.launch.Ref.StageRef})
	}
	return out
}

func (c *Core) stop(now Time, ev Stopped, out []Action) []Action {
	if c.stopped != nil {
		return out
	}
	c.stopped, c.exitAt = &ev, now+c.cfg.Grace
	for a := c.queue.pop(); a != nil; a = c.queue.pop() {
		out = c.leave(a, append(out, AnswerKilled{a.launch, ev.Reason}))
	}
	for _, a := range c.running {
		if !a.cancelled {
			a.cancelled = true
			out = append(out, CancelTask{a.launch.Ref, ev.Reason})
		}
	}
	return c.exitWhenIdle(out)
}

func (c *Core) wake(now Time, out []Action) []Action {
	if c.stopped == nil {
		return c.giveUp(now, out)
	}
	if now < c.exitAt {
		return out
	}
	c.exited = true
	return append(out, Exit{Left: len(c.running)})
}

func (c *Core) exitWhenIdle(out []Action) []Action {
	if len(c.running) > 0 {
		return out
	}
	c.exited = true
	return append(out, Exit{})
}

// Check gives an error when an invariant is broken.
func (c *Core) Check() error {
	queued := c.queue.len()
	switch {
	case len(c.running) > c.cfg.Slots:
		return fmt.Errorf("work: %d task attempts in %d slots", len(c.running), c.cfg.Slots)
	case queued > 0 && len(c.running) < c.cfg.Slots:
		return fmt.Errorf("work: %d wait while %d of %d slots are used", queued, len(c.running), c.cfg.Slots)
	case queued > 0 && c.stopped != nil:
		return fmt.Errorf("work: %d wait after the stop", queued)
	case len(c.tasks) != queued+len(c.running):
		return fmt.Errorf("work: %d task attempts known, %d queued, %d running", len(c.tasks), queued, len(c.running))
	}
	users := map[*stage]int{}
	for a := range c.queue.all {
		users[a.stage]++
		if a.running || a.cancelled || c.tasks[a.launch.Ref] != a {
			return fmt.Errorf("work: %v is queued and something else", a.launch.Ref)
		}
	}
	for _, a := range c.running {
		users[a.stage]++
		if !a.running || c.tasks[a.launch.Ref] != a {
			return fmt.Errorf("work: %v has a slot and does not run", a.launch.Ref)
		}
	}
	for _, a := range c.running {
		if s := c.stages[a.launch.Ref.StageRef]; s != a.stage || s.users != users[s] {
			return fmt.Errorf("work: %v counts %d users, has %d", a.launch.Ref.StageRef, a.stage.users, users[a.stage])
		}
	}
	return c.early.check()
}
