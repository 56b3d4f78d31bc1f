package replay

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kilnproject/kiln/internal/core/ids"
	"github.com/kilnproject/kiln/internal/core/sched"
	"github.com/kilnproject/kiln/internal/core/task"
)

// cluster is a small one around a core: what the core launches ends, mostly well.
type cluster struct {
	core    *sched.Core
	chance  *rand.Rand
	now     sched.Time
	running []sched.Launch
	out     []sched.Action
	step    func(now sched.Time, ev sched.Event, done []sched.Action)
	faults  bool
}

func newCluster(cfg sched.Config, step func(sched.Time, sched.Event, []sched.Action)) *cluster {
	return &cluster{core: sched.New(cfg), chance: rand.New(rand.NewPCG(cfg.Seed, 7)), step: step}
}

func (c *cluster) tell(ev sched.Event) {
	c.out = c.core.Step(c.now, ev, c.out[:0])
	if c.step != nil {
		c.step(c.now, ev, c.out)
	}
	for _, a := range c.out {
		if l, ok := a.(*sched.Launch); ok {
			c.running = append(c.running, *l)
		}
	}
	for {
		at, ok := c.core.Wake()
		if !ok || at > c.now {
			return
		}
		c.tell(sched.Woke{})
	}
}

// job is two stages with a shuffle between them, the first of which may like a host.
func job(id int, tasks int) sched.Job {
	shuffle := ids.ShuffleID(id)
	maps := sched.StageSpec{
		Name: "keyBy", Site: "main.go:12", IsMap: true, Shuffle: shuffle, Reduces: 2, Partitions: tasks,
		Splits: make([][]byte, tasks), Body: []byte("never looked at"),
	}
	for i := range tasks {
		maps.Splits[i] = []byte(fmt.Sprintf("rows of task %d", i))
		maps.Prefer = append(maps.Prefer, []sched.Place{{Host: []string{"red", "blue"}[i%2]}})
	}
	return sched.Job{
		ID: ids.JobID(id), Group: "tests", Tags: []string{"a", "b"}, Props: map[string]string{"z": "1", "a": "2", "m": "3"},
		Stages: []sched.StageSpec{maps, {Name: "count", Site: "main.go:13", Parents: []ids.ShuffleID{shuffle}, Partitions: 2}},
	}
}

func (c *cluster) play(jobs, tasks int) {
	for e := range ids.ExecutorID(3) {
		c.tell(sched.ExecutorRegistered{ID: e, Host: []string{"red", "blue"}[e%2], Slots: 2})
	}
	for id := range jobs {
		c.tell(sched.JobSubmitted{Job: job(id, tasks)})
	}
	for c.core.Active() {
		c.now += time.Duration(c.chance.IntN(50)) * time.Millisecond
		if c.faults && c.chance.IntN(30) == 0 {
			c.fault()
		}
		if at, ok := c.core.Wake(); ok && len(c.running) == 0 {
			c.now = max(at, c.now)
			c.tell(sched.Woke{})
			continue
		}
		if len(c.running) == 0 {
			continue
		}
		at := c.chance.IntN(len(c.running))
		l := c.running[at]
		c.running = append(c.running[:at], c.running[at+1:]...)
		c.tell(&sched.TaskEnded{Executor: l.Executor, End: c.end(l)})
	}
}

func (c *cluster) end(l sched.Launch) task.End {
	end := task.End{Ref: l.Task.Ref, ID: l.Task.ID, Reason: task.EndReason{Fate: task.Success}, Sizes: task.PackSizes([]int64{100, 200}), Result: []byte("forty-two")}
	if c.faults && c.chance.IntN(10) == 0 {
		end.Reason = task.EndReason{Fate: task.Failed, Error: &task.Error{Text: "the disk of " + l.Task.Ref.String() + " is full", Value: []byte{1}}}
	}
	return end
}

func (c *cluster) fault() {
	next := ids.ExecutorID(3 + c.chance.IntN(1000))
	switch c.chance.IntN(3) {
	case 0:
		c.tell(sched.ExecutorLost{ID: ids.ExecutorID(c.chance.IntN(3)), Reason: "gone"})
		c.tell(sched.ExecutorRegistered{ID: next, Host: "green", Slots: 1})
	case 1:
		c.tell(sched.OutputsLost{Executor: ids.ExecutorID(c.chance.IntN(3))})
	case 2:
		c.tell(sched.BlocksChanged{Executor: next, Blocks: []sched.BlockChange{{RDD: 1, Partition: 2, There: true}}})
	}
}
